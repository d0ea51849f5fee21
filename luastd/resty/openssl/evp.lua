-- resty.evp: RSA and ECDSA signatures and RSA encryption as lua-resty-jwt asks for them, on top of resty.openssl.
local pkey = require "resty.openssl.pkey"
local x509 = require "resty.openssl.x509"

local CONST = {
    SHA1_DIGEST = "SHA1", SHA256_DIGEST = "SHA256", SHA384_DIGEST = "SHA384", SHA512_DIGEST = "SHA512",
    RSA_PKCS1_PADDING = 1, RSA_SSLV23_PADDING = 2, RSA_NO_PADDING = 3,
    RSA_PKCS1_OAEP_PADDING = 4, RSA_X931_PADDING = 5, RSA_PKCS1_PSS_PADDING = 6,
}
local _M = {_VERSION = "0.2.3", CONST = CONST}

local RAW = {ecdsa_use_raw = true} -- the two numbers side by side

local function class(methods)
    methods.__index = methods
    return methods
end

local function load_private(pem, password)
    local key, err = pkey.new(pem, {type = "pr", passphrase = password})
    if not key then
        return nil, err
    end
    return key
end

local Signer = class {}

function Signer.new(self, pem, password, padding)
    local key, err = load_private(pem, password)
    if not key then
        return nil, err
    end
    return setmetatable({key = key, padding = padding, algo = self.algo}, self)
end

function Signer:sign(message, digest)
    return self.key:sign(message, digest, self.padding)
end

local RSASigner = class {algo = "RSA", new = Signer.new, sign = Signer.sign}
_M.RSASigner = RSASigner

-- An ECDSA signature is DER's; get_raw_sig takes it apart, as JSON Web Signatures want it.
local ECSigner = class {algo = "ECDSA", new = Signer.new, sign = Signer.sign}
_M.ECSigner = ECSigner

function ECSigner:get_raw_sig(signature)
    if not signature then
        return nil, "Must pass a signature to convert"
    end
    return self.key:raw_signature(signature)
end

local Verifier = class {}

function Verifier.new(self, source, padding)
    if not source then
        return nil, "You must pass in an key_source for a public key"
    end
    return setmetatable({key = source.public_key, padding = padding}, self)
end

function Verifier:verify(message, signature, digest)
    local ok, err = self.key:verify(signature, message, digest, self.padding)
    if ok then
        return true
    end
    return false, err or "Verification failed"
end

_M.RSAVerifier = class {new = Verifier.new, verify = Verifier.verify}

local ECVerifier = class {new = Verifier.new}
_M.ECVerifier = ECVerifier

function ECVerifier:verify(message, signature, digest)
    local ok, err = self.key:verify(signature, message, digest, nil, RAW)
    if ok then
        return true
    end
    if err and err:find("invalid ecdsa signature length", 1, true) then
        err = "signature length != 2 * order length"
    end
    return false, err or "Verification failed"
end

local Cert = class {}
_M.Cert = Cert

function Cert.new(self, payload)
    if not payload then
        return nil, "Must pass a PEM or binary DER cert"
    end
    local cert, err = x509.new(payload)
    if not cert then
        return nil, err
    end
    local key
    key, err = cert:get_pubkey()
    if not key then
        return nil, err
    end
    return setmetatable({x509 = cert, public_key = key}, self)
end

function Cert:get_der()
    return self.x509:tostring("DER")
end

function Cert:get_fingerprint(digest)
    local sum, err = self.x509:digest(digest)
    if not sum then
        return nil, err
    end
    return (sum:gsub(".", function(c) return (":%02X"):format(c:byte()) end):sub(2))
end

function Cert:get_public_key()
    return self.public_key
end

function Cert:verify_trust(file)
    local f, err = io.open(file)
    if not f then
        return false, err
    end
    local pem = f:read("*a")
    f:close()
    return self.x509:verify_trust(pem)
end

local PublicKey = class {}
_M.PublicKey = PublicKey

function PublicKey.new(self, payload)
    if not payload then
        return nil, "Must pass a PEM or binary DER public key"
    end
    local key, err = pkey.new(payload, {type = "pu"})
    if not key then
        return nil, err
    end
    return setmetatable({public_key = key}, self)
end

local RSAEncryptor = class {}
_M.RSAEncryptor = RSAEncryptor

function RSAEncryptor.new(self, source, padding, digest)
    if not source then
        return nil, "You must pass in an key_source for a public key"
    end
    return setmetatable({
        key = source.public_key, padding = padding or CONST.RSA_PKCS1_OAEP_PADDING, digest = digest or CONST.SHA256_DIGEST,
    }, self)
end

function RSAEncryptor:encrypt(text)
    return self.key:encrypt(text, self.padding, {oaep_md = self.digest})
end

local RSADecryptor = class {algo = "RSA"}
_M.RSADecryptor = RSADecryptor

function RSADecryptor.new(self, pem, password, padding, digest)
    local key, err = load_private(pem, password)
    if not key then
        return nil, err
    end
    return setmetatable({
        key = key, padding = padding or CONST.RSA_PKCS1_OAEP_PADDING, digest = digest or CONST.SHA256_DIGEST,
    }, self)
end

function RSADecryptor:decrypt(text)
    return self.key:decrypt(text, self.padding, {oaep_md = self.digest})
end

return _M
