-- The policies that a gateway begins with. A policy that was changed at run time is left alone.
return {
  ["orders-api"] = {
    priority = 10,
    host = "shop.example",
    uri = [[^/orders(/|$)]],
    when = {{"http_x_role", "in", {"clerk", "admin"}}},
    cluster = "orders",
  },
  ["orders-denied"] = {
    priority = 5,
    host = "shop.example",
    uri = [[^/orders(/|$)]],
    deny = 403,
  },
  ["catalog"] = {
    priority = 0,
    uri = [[^/]],
    cluster = "catalog",
  },
}
