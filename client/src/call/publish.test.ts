import assert from "node:assert/strict"
import test from "node:test"
import { Publish } from "./publish.ts"
import { cameraBudget } from "./quality.ts"

/** A connection whose statistics never come, as Firefox's do not when it is closed while they are made. */
class FakeConnection {
  connectionState = "connected"
  addTransceiver = (): object => ({
    mid: "0",
    sender: { getParameters: () => ({ encodings: [] }), getStats: () => new Promise(() => undefined) },
    setCodecPreferences: () => undefined,
  })
  createOffer = async () => ({ type: "offer", sdp: "v=0\r\n" })
  setLocalDescription = async () => undefined
  close(): void {}
}

test("the watchdog is answered by a connection that is closed while it counts", async () => {
  Object.assign(globalThis, {
    RTCPeerConnection: FakeConnection,
    RTCRtpScriptTransform: class {},
    RTCRtpSender: { getCapabilities: () => ({ codecs: [] }) },
  })
  const publish = new Publish({} as Worker, "VP8", cameraBudget(2), {
    offer: () => undefined,
    changed: () => undefined,
    failed: () => undefined,
  })
  const answer = publish.sent()
  publish.close()
  assert.deepEqual(await answer, [])
})
