import assert from "node:assert/strict"
import test from "node:test"
import { CAMERA, GRADES, type Grade, MICROPHONE, SCREEN, type TransformOptions } from "../../../e2ee/worker/port.ts"
import { Publish } from "./publish.ts"
import { cameraBudget } from "./quality.ts"

interface Fake extends MediaStreamTrack {
  readonly grade: Grade
}

interface Sender {
  readonly tracks: (Fake | null)[] // in the order in which they came
  transform?: { readonly options: TransformOptions }
}

/** A connection whose statistics never come, as Firefox's do not when it is closed while they are made. */
class FakeConnection {
  static senders: Sender[] = []
  connectionState = "connected"
  addTransceiver = (): object => {
    const tracks: (Fake | null)[] = []
    const sender = {
      tracks,
      getParameters: () => ({ encodings: [] }),
      setParameters: async () => undefined,
      getStats: () => new Promise(() => undefined),
      replaceTrack: async (track: Fake | null) => void tracks.push(track),
    }
    FakeConnection.senders.push(sender)
    return { mid: String(FakeConnection.senders.length), sender, setCodecPreferences: () => undefined }
  }
  createOffer = async () => ({ type: "offer", sdp: "v=0\r\n" })
  setLocalDescription = async () => undefined
  setRemoteDescription = async () => undefined
  close(): void {}
}

class FakeTransform {
  readonly options: TransformOptions
  constructor(_: Worker, options: TransformOptions) {
    this.options = options
  }
}

function start(): Publish {
  FakeConnection.senders = []
  Object.assign(globalThis, {
    RTCPeerConnection: FakeConnection,
    RTCRtpScriptTransform: FakeTransform,
    RTCRtpSender: { getCapabilities: () => ({ codecs: [] }) },
  })
  return new Publish({} as Worker, "VP8", cameraBudget(2), {
    offer: () => undefined,
    changed: () => undefined,
    failed: () => undefined,
  })
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const trackOf = (grade: Grade): Fake => ({ grade, getSettings: () => ({}) }) as Fake

test("the watchdog is answered by a connection that is closed while it counts", async () => {
  const publish = start()
  const answer = publish.sent()
  publish.close()
  assert.deepEqual(await answer, [])
})

test("a sender never gets tracks of two grades, and of each source one track at most is sent", async () => {
  const publish = start()
  const contexts = [MICROPHONE, CAMERA, SCREEN] as const
  const wished = new Map<number, Fake | null>()
  for (let i = 0; i < 300; i++) {
    const context = contexts[i % 3] ?? CAMERA
    const [grade] = GRADES.slice(((i * 7919) >> 3) % 3)
    const track = (i * 104729) % 5 === 0 || grade === undefined ? null : trackOf(context === MICROPHONE ? "raw" : grade)
    wished.set(context, track)
    publish.set(context, track, track?.grade ?? "raw")
    for (const { transform } of FakeConnection.senders) if (i % 4 === 0) publish.attached(transform?.options.id ?? "")
    if (i % 2 === 0) await settled()
  }
  await settled()
  const ways = FakeConnection.senders.map(({ tracks, transform }) => {
    assert.ok(transform?.options.side === "send")
    const { context, grade } = transform.options
    assert.ok(tracks.length > 1, "was used")
    for (const track of tracks) assert.ok(track === null || track.grade === grade, `${track?.grade} by a sender of ${grade}`)
    const last = tracks.at(-1) ?? null
    assert.equal(last, wished.get(context)?.grade === grade ? wished.get(context) : null)
    return `${context} ${grade}`
  })
  const pictures = [CAMERA, SCREEN].flatMap((context) => GRADES.map((grade) => `${context} ${grade}`))
  assert.deepEqual(ways.sort(), [`${MICROPHONE} raw`, ...pictures].sort(), "one sender for each, however often they take turns")
})

test("a source is told under the media id of the sender that has its track", async () => {
  const publish = start()
  await publish.answer("v=0\r\n")
  publish.set(CAMERA, trackOf("raw"), "raw")
  publish.set(CAMERA, trackOf("masked"), "masked")
  for (const { transform } of FakeConnection.senders) publish.attached(transform?.options.id ?? "")
  assert.equal(publish.mid(CAMERA), "3")
  publish.set(CAMERA, trackOf("raw"), "raw")
  assert.equal(publish.mid(CAMERA), "2")
  publish.set(CAMERA, null, "raw")
  assert.equal(publish.mid(CAMERA), "")
})
