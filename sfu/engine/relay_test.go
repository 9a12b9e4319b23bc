package engine

import (
	"net"
	"testing"

	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/datagram"
)

// relayServer is a TURN server on loopback, and how a client asks for it.
func relayServer(t *testing.T) webrtc.ICEServer {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const name, realm, secret = "client", "relay", "secret"
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: realm, LoggerFactory: silent(),
		AuthHandler: func(*turn.RequestAttributes) (string, []byte, bool) {
			return name, turn.GenerateAuthKey(name, realm, secret), true
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn: socket,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{
				RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1",
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return webrtc.ICEServer{URLs: []string{"turn:" + socket.LocalAddr().String()}, Username: name, Credential: secret}
}

// Clients that reach nobody but a relay publish, and receive what others publish.
func TestRelayedClients(t *testing.T) {
	relayed := client{relay: relayServer(t)}
	for name, one := range map[string]struct{ from, to client }{
		"publisher":  {relayed, client{}},
		"subscriber": {client{}, relayed},
	} {
		t.Run(name, func(t *testing.T) {
			exchange(t, start(t, setting{lanes: 2}), one.from, one.to, 300)
		})
	}
}

// Whatever the system lacks, packets travel without it.
func TestPacketsTravelWithout(t *testing.T) {
	for name, without := range map[string]datagram.Feature{
		"trains":          datagram.Segmentation,
		"trains received": datagram.Coalescing,
		"batches":         datagram.Batching,
		"shared ports":    datagram.Sharing,
	} {
		t.Run(name, func(t *testing.T) {
			exchange(t, start(t, setting{lanes: 2, without: without}), client{}, client{}, 200)
		})
	}
}
