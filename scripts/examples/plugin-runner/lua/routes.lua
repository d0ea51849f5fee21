-- The first route whose methods and path match serves. A path that ends in /* stands for what is below it.
return {
  {
    id = "limited",
    path = "/limited/*",
    methods = {"GET"},
    upstream = {"127.0.0.1", 9008},
    plugins = {
      ["limit-count"] = {count = 2, time_window = 60, rejected_code = 429, key = "remote_addr"},
      ["request-id"] = {},
    },
  },
  {
    id = "private",
    path = "/private/*",
    upstream = {"127.0.0.1", 9008},
    plugins = {
      ["key-auth"] = {keys = {["moon-1"] = "alice"}},
      ["response-rewrite"] = {headers = {["X-Gate"] = "moon"}, append = "-- $consumer\n"},
      ["request-id"] = {header = "X-Trace"},
    },
  },
  {
    id = "public",
    path = "/public",
    upstream = {"127.0.0.1", 9008},
    plugins = {},
  },
}
