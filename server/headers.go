package server

import "net/http"

// headers go with every answer, whatever was asked for and by whom.
//
// The page gets no right that it does not use: no script but the files beside
// it, no string turned into markup or code (Trusted Types; the one policy,
// "paravent", lets the worker files through), WebAssembly for the networks of
// masking, no connection but to this
// server, no frame around it, no cookie, no referrer. 'self' in connect-src
// covers wss to the same host and port.
var headers = [][2]string{ //nolint:gochecknoglobals // immutable table
	{"Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; " +
		"img-src 'self' data: blob:; media-src 'self' blob: mediastream:; font-src 'self'; manifest-src 'self'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types paravent"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Embedder-Policy", "require-corp"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Origin-Agent-Cluster", "?1"},
	{"Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), " +
		"autoplay=(self), fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), clipboard-write=(self), " +
		"accelerometer=(), browsing-topics=(), clipboard-read=(), encrypted-media=(), gamepad=(), geolocation=(), " +
		"gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), local-fonts=(), magnetometer=(), midi=(), " +
		"otp-credentials=(), payment=(), publickey-credentials-create=(), publickey-credentials-get=(), serial=(), " +
		"storage-access=(), sync-xhr=(), usb=(), xr-spatial-tracking=()"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Robots-Tag", "noindex, nofollow"},
}

// strictTransport is sent with a certificate from an authority alone. With a
// self-signed one it would take away the browser's way past the warning and
// lock everybody out (RFC 6797, section 12.1).
const strictTransport = "max-age=31536000"

// setHeaders puts the headers on every answer of next.
func setHeaders(next http.Handler, strict bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			w.Header().Set(h[0], h[1])
		}
		if strict {
			w.Header().Set("Strict-Transport-Security", strictTransport)
		}
		next.ServeHTTP(w, r)
	})
}
