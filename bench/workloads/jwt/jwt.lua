-- Checks JSON web tokens that are signed with HMAC-SHA-256.
local cjson = require "cjson.safe"
local bit = require "bit"

-- OpenResty's own resty.sha256 where it is there; Debian's packages lack it, but nginx has OpenSSL in it.
local digest
local found, sha256 = pcall(require, "resty.sha256")
if found then
  digest = function(s)
    local h = sha256:new()
    h:update(s)
    return h:final()
  end
else
  local ffi = require "ffi"
  ffi.cdef "unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);"
  local out = ffi.new("unsigned char[32]")
  digest = function(s)
    ffi.C.SHA256(s, #s, out)
    return ffi.string(out, 32)
  end
end

local function pad(key, with)
  local bytes = { key:byte(1, -1) }
  for i = 1, 64 do
    bytes[i] = bit.bxor(bytes[i] or 0, with)
  end
  return string.char(unpack(bytes, 1, 64))
end

local pads = {} -- of keys seen before

local function hmac(key, message)
  local p = pads[key]
  if not p then
    p = { pad(key, 0x36), pad(key, 0x5c) }
    pads[key] = p
  end
  return digest(p[2] .. digest(p[1] .. message))
end

local function decode(s)
  s = s:gsub("-", "+"):gsub("_", "/")
  return ngx.decode_base64(s .. ("="):rep(-#s % 4))
end

local M = {}

-- verify returns the claims of a valid token, or nil and why not.
function M.verify(token, key)
  local head, body, signature = (token or ""):match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not head then
    return nil, "malformed"
  end
  local header = cjson.decode(decode(head) or "")
  if not header or header.alg ~= "HS256" then
    return nil, "another algorithm"
  end
  if decode(signature) ~= hmac(key, head .. "." .. body) then
    return nil, "bad signature"
  end
  local claims = cjson.decode(decode(body) or "")
  if not claims or (claims.exp or 0) < ngx.time() then
    return nil, "expired"
  end
  return claims
end

return M
