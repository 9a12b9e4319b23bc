package server

import (
	"net/http"
)

// signalingPath is where the client opens its WebSocket.
const signalingPath = "/signaling"

// routes sends each request where it belongs: the WebSocket to the hub, the
// rest to the static files. Paths are compared as they are, never cleaned or
// redirected. With strict, browsers are asked to come back over HTTPS alone.
func routes(pages static, hub http.Handler, strict bool) http.Handler {
	return setHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == signalingPath {
			hub.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}), strict)
}
