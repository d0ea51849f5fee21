-- How resty.http reads a body: reader(max) gives its pieces, at most max bytes each and whatever comes at once
-- where max is left out; then nil. It gives nil and a message where the body breaks off.
local find, match = string.find, string.match
local tonumber = tonumber

-- size checks what a reader was asked for; a reader that gave sized pieces wants a size each time.
local function size(max, before)
  max = tonumber(max)
  if max and max < 0 then max = nil end
  if not max and before then
    ngx.log(ngx.ERR, "Buffer size not specified, bailing")
    return nil, true
  end
  return max
end

-- chunked(sock, done) reads a body in chunks, to the empty line that ends it. done(trailers) is called there; fields(first)
-- reads the trailers.
local function chunked(sock, default, fields, done)
  local left, ended = 0, false
  return function(max)
    if ended then return nil end
    max = tonumber(max) or default
    if left == 0 then
      local line, err = sock:receive()
      if not line then return nil, err end
      local digits = match(line, "^%s*(%x+)")
      if not digits then return nil, "unable to read chunksize" end
      left = tonumber(digits, 16)
      if left == 0 then
        local trailers
        trailers, err = fields(sock)
        if not trailers then return nil, err end
        ended = true
        done(trailers)
        return nil
      end
    end
    local data, err, part = sock:receive(max and max < left and max or left)
    if not data then return nil, err, part end
    left = left - #data
    if left == 0 then
      local ok
      ok, err = sock:receive(2)
      if not ok then return nil, err, data end
    end
    return data
  end
end

-- counted(sock, length, default, done) reads length bytes.
local function counted(sock, length, default, done)
  local left, sized, over = length, false, false
  if left == 0 and done then done() end
  return function(max)
    if over or left == 0 then return nil end
    max, over = size(max or default, sized)
    if over then return nil end
    sized = sized or max ~= nil
    local data, err, part = sock:receive(max and max < left and max or left)
    if not data then return nil, err, part end
    left = left - #data
    if left == 0 and done then done() end
    return data
  end
end

-- closing(sock, done) reads until the peer closes the connection.
local function closing(sock, done)
  local ended, sized = false, false
  return function(max)
    if ended then return nil end
    max, ended = size(max, sized)
    if ended then return nil end
    sized = sized or max ~= nil
    local data, err, part = sock:receive(max or "*a")
    if data and max then return data end
    ended = true
    if data or err == "closed" then
      done()
      data = data or part
      if data ~= "" then return data end
      return nil
    end
    return nil, err, part
  end
end

-- is_chunked tells whether headers name the transfer coding "chunked".
local function is_chunked(headers)
  local coding = headers["Transfer-Encoding"] or headers["transfer-encoding"]
  if not coding then return false end
  if type(coding) == "table" then coding = table.concat(coding, ",") end
  return find(string.lower(coding), "chunked", 1, true) ~= nil
end

return { chunked = chunked, counted = counted, closing = closing, is_chunked = is_chunked }
