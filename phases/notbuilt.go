package phases

import "strings"

// notBuilt names the directives that nginx and OpenResty know and moongate does not have: they are
// refused with a sentence of their own, so that no configuration is half obeyed. The value says more
// where there is more to say.
var notBuilt = map[string]string{
	"stream": "only the http subsystem exists", "mail": "only the http subsystem exists", "google_perftools_profiles": "",
	"fastcgi_pass": "", "fastcgi_param": "", "fastcgi_index": "", "fastcgi_split_path_info": "", "uwsgi_pass": "", "uwsgi_param": "",
	"scgi_pass": "", "scgi_param": "", "grpc_pass": "", "memcached_pass": "",
	"proxy_cache": "", "proxy_cache_path": "", "proxy_cache_key": "", "proxy_cache_valid": "", "proxy_cache_bypass": "", "proxy_no_cache": "",
	"proxy_cache_lock": "", "proxy_cache_use_stale": "", "proxy_cache_methods": "", "proxy_cache_min_uses": "", "proxy_store": "", "proxy_store_access": "",
	"ssi": "", "ssi_types": "", "sub_filter": "", "sub_filter_once": "", "sub_filter_types": "", "addition_types": "", "add_before_body": "", "add_after_body": "",
	"dav_methods": "", "dav_access": "", "create_full_put_path": "", "mp4": "", "flv": "", "image_filter": "", "xslt_stylesheet": "",
	"geoip_country": "", "geoip_city": "", "geoip2": "", "perl": "", "perl_set": "", "perl_modules": "", "js_import": "", "js_content": "", "js_set": "",
	"secure_link": "", "secure_link_md5": "", "secure_link_secret": "", "slice": "", "userid": "", "userid_name": "", "random_index": "",
	"mirror": "", "mirror_request_body": "", "post_action": "", "redis_pass": "", "redis2_pass": "", "redis2_query": "", "drizzle_pass": "", "postgres_pass": "",
	"srcache_fetch": "", "srcache_store": "", "rds_json": "", "encrypted_session_key": "", "iconv_filter": "", "xss_get": "", "form_input": "", "set_form_input": "",
	"ancient_browser": "", "ancient_browser_value": "", "modern_browser": "", "modern_browser_value": "",
	"http3": "", "quic_retry": "", "http2_push": "", "api": "that is NGINX Plus", "status_zone": "that is NGINX Plus", "health_check": "that is NGINX Plus", "zone_sync": "that is NGINX Plus",
	"sticky": "that is NGINX Plus", "auth_jwt": "that is NGINX Plus", "keyval": "that is NGINX Plus", "keyval_zone": "that is NGINX Plus", "match": "that is NGINX Plus",
}

// notBuiltFamilies are whole modules: every directive that begins so is theirs.
var notBuiltFamilies = []string{
	"fastcgi_", "uwsgi_", "scgi_", "grpc_", "memcached_", "proxy_cache", "proxy_store", "sub_filter", "ssi_", "userid_", "secure_link_", "dav_", "mp4_",
	"image_filter_", "xslt_", "geoip_", "perl_", "js_", "redis2_", "redis_", "drizzle_", "postgres_", "srcache_", "rds_", "encrypted_session_",
	"iconv_", "xss_", "http2_", "http3_", "quic_", "mirror_", "slice_", "health_check", "auth_jwt_", "session_log", "sticky_", "ssl_ocsp", "ssl_stapling",
	"array_", "set_form_input", "brotli", "zstd",
}

// missing tells whether nginx or OpenResty knows a directive that moongate does not, and what there is
// to say about it.
func missing(name string) (string, bool) {
	if what, ok := notBuilt[name]; ok {
		return what, true
	}
	for _, f := range notBuiltFamilies {
		if strings.HasPrefix(name, f) {
			return "", true
		}
	}
	return "", false
}
