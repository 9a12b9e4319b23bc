import assert from "node:assert/strict"
import test from "node:test"
import { fromServer, toServer } from "./sdp.ts"

const text = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join("")
const MID = "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"
const OPUS = "a=fmtp:111 minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0"
const AUDIO = ["v=0", "a=extmap-allow-mixed", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtpmap:111 opus/48000/2"]

test("no header extension that tells the server who speaks, or anything else that forwarding does not need", () => {
  const bad = [
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on",
    "a=EXTMAP:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a= extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "a=extmap:3 urn:3gpp:video-orientation",
    "a=extmap:5 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  ]
  for (const line of bad) assert.equal(fromServer(text(...AUDIO, MID, line)), text(...AUDIO, OPUS, MID), line)
  assert.equal(fromServer(`${text(...AUDIO, MID)}a=x:1\r${bad[0]}\n`), text(...AUDIO, OPUS, MID, "a=x:1"), "whatever ends the line")
})

test("sound has one size and no gaps, whatever the server asks for", () => {
  const asked = text(...AUDIO, "a=fmtp:111 usedtx=1;cbr=0;maxaveragebitrate=510000", "a=ptime:120", "a=maxptime:120", "a=FMTP:111 usedtx=1")
  assert.equal(fromServer(asked), text(...AUDIO, OPUS))
})

test("of sound is reported what is missing and when it came, and nothing else", () => {
  const reports = ["a=rtcp-fb:111 nack", "a=rtcp-fb:111 transport-cc"]
  const others = ["a=rtcp-fb:111 nack pli", "a=rtcp-fb:111 ccm fir", "a=rtcp-fb:111 rrtr", "a=rtcp-fb:* nack x", "a=RTCP-FB:111 goog-remb"]
  assert.equal(fromServer(text(...AUDIO, ...reports, ...others)), text(...AUDIO, OPUS, ...reports))
})

test("the format of video stays", () => {
  const video = text("m=video 9 UDP/TLS/RTP/SAVPF 98", "a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0")
  assert.equal(fromServer(video), video)
})

test("the server is told no address of this machine", () => {
  const offer = text(
    "o=- 1 2 IN IP4 127.0.0.1",
    "m=audio 53211 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 192.168.1.20",
    "a=rtcp:9 IN IP4 192.168.1.20",
    "a=candidate:1 1 udp 2122260223 192.168.1.20 53211 typ host",
    "a=end-of-candidates",
    "a=mid:0",
    "m=video 0 UDP/TLS/RTP/SAVPF 98",
    "c=IN IP6 fd00::1",
  )
  assert.equal(
    toServer(offer),
    text(
      "o=- 1 2 IN IP4 127.0.0.1",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "c=IN IP4 0.0.0.0",
      "a=rtcp:9 IN IP4 0.0.0.0",
      "a=mid:0",
      "m=video 0 UDP/TLS/RTP/SAVPF 98",
      "c=IN IP4 0.0.0.0",
    ),
  )
})
