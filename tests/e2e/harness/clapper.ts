/**
 * A camera and a microphone that clap: a light goes on and a tone begins at
 * once, again and again; and eyes and ears that say how far the two are apart
 * where they are received or sent. Runs inside the page, as source text; the
 * application knows nothing of it. Chromium only, which gives and takes the
 * samples of a track.
 */

/** window.clapper */
export interface Clapper {
  /** Whether what is sent, both sound and picture, is something else than the camera and the microphone give. */
  treated(): boolean
  /** Looks at and listens to all that is received now, or handed to an encoder. */
  attend(side: "received" | "sent"): void
  /** How much later than the light each tone came, in ms; negative: earlier. */
  apart(): number[]
}

declare global {
  interface Window {
    clapper: Clapper
  }
}

export const clapping = (): string => `(${inside.toString()})()`

type Taking<T> = new (of: { track: MediaStreamTrack }) => { readonly readable: ReadableStream<T> }
type Giving = new (of: { kind: "audio" }) => MediaStreamTrack & { readonly writable: WritableStream<AudioData> }

function inside(): void {
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices === undefined) return // the blank page before the first
  const [WIDTH, HEIGHT] = [640, 360]
  const LIGHT = { x: 0.9, y: 0.8, size: 0.1 } // in parts: too small to be taken for another scene
  const [EVERY, LONG] = [1300, 200] // ms from clap to clap, and of one
  const RATE = 48_000
  const CHUNK = 480 // samples
  const lit = (ms: number): boolean => ms > EVERY && ms % EVERY < LONG

  // ---- The camera and the microphone ----

  const began = performance.now()
  const camera = (): MediaStreamTrack => {
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT })
    const pen = canvas.getContext("2d")
    const track = canvas.captureStream().getVideoTracks()[0]
    if (pen === null || track === undefined) throw new Error("no picture")
    let count = 0
    const timer = setInterval(() => {
      if (track.readyState === "ended") return clearInterval(timer)
      pen.fillStyle = "#a0a8b0"
      pen.fillRect(0, 0, WIDTH, HEIGHT)
      pen.fillStyle = count++ % 2 === 0 ? "#777" : "#888" // something changes in every frame
      pen.fillRect(0, 0, 8, 8)
      pen.fillStyle = lit(performance.now() - began) ? "#fff" : "#000"
      pen.fillRect(LIGHT.x * WIDTH, LIGHT.y * HEIGHT, LIGHT.size * WIDTH, LIGHT.size * HEIGHT)
    }, 20)
    return track
  }
  const microphone = (): MediaStreamTrack => {
    const { MediaStreamTrackGenerator } = window as unknown as { MediaStreamTrackGenerator: Giving }
    const track = new MediaStreamTrackGenerator({ kind: "audio" })
    const out = track.writable.getWriter()
    const from = performance.now()
    let at = 0 // samples
    const timer = setInterval(() => {
      if (track.readyState === "ended") return clearInterval(timer)
      // Every sample in its time, however late this is called.
      for (; (at / RATE) * 1000 < performance.now() - from; at += CHUNK) {
        const data = Float32Array.from({ length: CHUNK }, (_, i) =>
          lit(from - began + ((at + i) / RATE) * 1000) ? 0.5 * Math.sin(((at + i) * 2 * Math.PI * 1000) / RATE) : 0,
        )
        const timestamp = Math.round((at / RATE) * 1e6)
        const sound = new AudioData({ format: "f32-planar", sampleRate: RATE, numberOfFrames: CHUNK, numberOfChannels: 1, timestamp, data })
        out.write(sound).catch(() => undefined) // it has ended
      }
    }, 5)
    return track
  }
  const given = new Set<MediaStreamTrack>()
  devices.getUserMedia = async (wanted = {}) => {
    const tracks = [
      ...(wanted.video === undefined || wanted.video === false ? [] : [camera()]),
      ...(wanted.audio === undefined || wanted.audio === false ? [] : [microphone()]),
    ]
    for (const track of tracks) given.add(track)
    return new MediaStream(tracks)
  }

  // ---- The eyes and ears ----

  const lights: number[] = []
  const tones: number[] = []
  const taking = <T>(track: MediaStreamTrack): ReadableStream<T> => {
    const { MediaStreamTrackProcessor } = window as unknown as { MediaStreamTrackProcessor: Taking<T> }
    return new MediaStreamTrackProcessor({ track }).readable
  }
  /** When something begins after it was not there for a while. */
  const edges = (to: number[]): ((on: boolean, at: number) => void) => {
    let last = Number.POSITIVE_INFINITY // nothing counts that was on from the start
    return (on, at) => {
      if (on && at - last > LONG) to.push(at)
      if (on || last === Number.POSITIVE_INFINITY) last = on ? at : Math.min(last, at)
    }
  }
  const look = async (track: MediaStreamTrack): Promise<void> => {
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
    const edge = edges(lights)
    for await (const frame of taking<VideoFrame>(track) as unknown as AsyncIterable<VideoFrame>) {
      const [x, y] = [(LIGHT.x + LIGHT.size / 2) * frame.displayWidth, (LIGHT.y + LIGHT.size / 2) * frame.displayHeight]
      pen?.drawImage(frame, x, y, 1, 1, 0, 0, 1, 1)
      frame.close()
      edge((pen?.getImageData(0, 0, 1, 1).data[0] ?? 0) > 200, performance.now())
    }
  }
  const listen = async (track: MediaStreamTrack): Promise<void> => {
    const edge = edges(tones)
    for await (const sound of taking<AudioData>(track) as unknown as AsyncIterable<AudioData>) {
      const samples = new Float32Array(sound.numberOfFrames)
      sound.copyTo(samples, { planeIndex: 0, format: "f32-planar" })
      sound.close()
      edge(
        samples.some((v) => Math.abs(v) > 0.1),
        performance.now(),
      )
    }
  }

  window.clapper = {
    treated() {
      const sent = window.probe.peers.flatMap((peer) =>
        peer.signalingState === "closed" ? [] : peer.getSenders().map(({ track }) => track),
      )
      return (
        ["audio", "video"].every((kind) => sent.some((track) => track?.kind === kind)) &&
        !sent.some((track) => track !== null && given.has(track))
      )
    },
    attend(side) {
      for (const peer of window.probe.peers) {
        if (peer.signalingState === "closed") continue
        for (const { track } of side === "sent" ? peer.getSenders() : peer.getReceivers()) {
          if (track === null || track.muted || track.readyState === "ended") continue
          void (track.kind === "video" ? look(track) : listen(track))
        }
      }
    },
    apart: () =>
      tones.flatMap((tone) => {
        const light = lights.find((at) => Math.abs(tone - at) < EVERY / 2)
        return light === undefined ? [] : [tone - light]
      }),
  }
}
