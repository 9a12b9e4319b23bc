/**
 * Finished frames become a track again, on the page where that can be, so that
 * the page can cover everything by itself when the worker is silent. Where only
 * a worker can write a track, the page blackens it instead.
 */

import type { Path } from "./path.ts"
import type { Form } from "./port.ts"

export interface Sink {
  /** Null until there is one. */
  readonly track: MediaStreamTrack | null
  /** Shows a picture, which is the sink's from then on. */
  show(picture: VideoFrame | ImageBitmap): void
  /** Covers everything, from no pixel of the camera. */
  cover(): void
  /** The worker speaks again. */
  uncover(): void
  /** The worker made the track. */
  receive?(track: MediaStreamTrack): void
  close(): void
}

interface Writable {
  readonly writable: WritableStream<VideoFrame>
}
type PageGenerators = new (of: { kind: "video" }) => MediaStreamTrack & Writable
type WorkerGenerators = new () => Writable & { readonly track: MediaStreamTrack }

/** What the sink takes. */
export const formOf = (path: Path): Form => (path === "pictures" ? "bitmap" : "frame")

/** The page's sink. */
export function openSink(path: Path): Sink {
  if (path === "pictures") return new Drawn()
  if (path === "tracks") return new Received()
  const { MediaStreamTrackGenerator: Generator } = globalThis as unknown as { MediaStreamTrackGenerator: PageGenerators }
  const track = new Generator({ kind: "video" })
  return new Written(track, track.writable)
}

/** The worker's own, whose track is moved to the page. */
export function openWorkerSink(): Written {
  const { VideoTrackGenerator: Generator } = globalThis as unknown as { VideoTrackGenerator: WorkerGenerators }
  const { track, writable } = new Generator()
  return new Written(track, writable)
}

const COVER = "#46556b"

/** A canvas of one colour. */
function plain(width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height)
  const g = canvas.getContext("2d", { alpha: false })
  if (g !== null) {
    g.fillStyle = COVER
    g.fillRect(0, 0, width, height)
  }
  return canvas
}

class Written implements Sink {
  readonly track: MediaStreamTrack
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>
  #last = { at: 0, timestamp: 0, width: 640, height: 360 }

  constructor(track: MediaStreamTrack, writable: WritableStream<VideoFrame>) {
    this.track = track
    this.#writer = writable.getWriter()
  }

  show(picture: VideoFrame | ImageBitmap): void {
    if (!("timestamp" in picture)) return picture.close()
    const { timestamp, displayWidth: width, displayHeight: height } = picture
    // Time goes forward only: after a cover of the page's own, or another camera.
    this.#write(timestamp > this.#last.timestamp ? picture : later(picture, this.#now()), width, height)
  }

  cover(): void {
    const { width, height } = this.#last
    this.#write(new VideoFrame(plain(width, height), { timestamp: this.#now(), alpha: "discard" }), width, height)
  }

  uncover(): void {} // the next picture does

  close(): void {
    this.track.stop()
    this.#writer.close().catch(() => undefined) // it has ended
  }

  #now(): number {
    return Math.max(this.#last.timestamp + 1, Math.round(this.#last.timestamp + (performance.now() - this.#last.at) * 1000))
  }

  #write(frame: VideoFrame, width: number, height: number): void {
    this.#last = { at: performance.now(), timestamp: frame.timestamp, width, height }
    // The stream closes what it takes; what it refuses is closed here.
    this.#writer.write(frame).catch(() => frame.close())
  }
}

function later(frame: VideoFrame, timestamp: number): VideoFrame {
  const copy = new VideoFrame(frame, { timestamp })
  frame.close()
  return copy
}

class Drawn implements Sink {
  readonly track: MediaStreamTrack
  readonly #canvas = document.createElement("canvas")
  readonly #g: ImageBitmapRenderingContext | null

  constructor() {
    this.#canvas.width = 640
    this.#canvas.height = 360
    this.#g = this.#canvas.getContext("bitmaprenderer")
    this.cover()
    const [track] = this.#canvas.captureStream().getVideoTracks()
    if (track === undefined) throw new Error("no track")
    this.track = track
  }

  show(picture: VideoFrame | ImageBitmap): void {
    if ("timestamp" in picture) return picture.close()
    if (this.#canvas.width !== picture.width) this.#canvas.width = picture.width
    if (this.#canvas.height !== picture.height) this.#canvas.height = picture.height
    this.#g?.transferFromImageBitmap(picture)
  }

  cover(): void {
    this.show(plain(this.#canvas.width, this.#canvas.height).transferToImageBitmap())
  }

  uncover(): void {} // the next picture does

  close(): void {
    this.track.stop()
  }
}

/**
 * The track that the worker writes to, moved here. A disabled track is black
 * for senders and elements at once, whatever the worker does, and comes back
 * without a sender being changed: a worker is often late for less than a second.
 */
class Received implements Sink {
  track: MediaStreamTrack | null = null

  show(picture: VideoFrame | ImageBitmap): void {
    picture.close() // the worker shows them
  }

  receive(track: MediaStreamTrack): void {
    this.track = track
  }

  cover(): void {
    if (this.track !== null) this.track.enabled = false
  }

  uncover(): void {
    if (this.track !== null) this.track.enabled = true
  }

  close(): void {
    this.track?.stop()
  }
}
