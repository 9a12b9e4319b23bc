/** Finished frames become a track again, on the page, so that the page can cover everything by itself when the worker is silent. */

import type { Form } from "./port.ts"

export interface Sink {
  readonly track: MediaStreamTrack
  /** Shows a picture, which is the sink's from then on. */
  show(picture: VideoFrame | ImageBitmap): void
  /** Covers everything, from no pixel of the camera. */
  cover(): void
  close(): void
}

type Generator = MediaStreamTrack & { readonly writable: WritableStream<VideoFrame> }
type Generators = new (of: { kind: "video" }) => Generator

const generators = (): Generators | undefined => (globalThis as { MediaStreamTrackGenerator?: Generators }).MediaStreamTrackGenerator

/** What this browser's sink takes. */
export const formHere = (): Form => (generators() === undefined ? "bitmap" : "frame")

export function openSink(): Sink {
  const Generator = generators()
  return Generator === undefined ? new Drawn() : new Written(new Generator({ kind: "video" }))
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
  readonly track: Generator
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>
  #last = { at: 0, timestamp: 0, width: 640, height: 360 }

  constructor(generator: Generator) {
    this.track = generator
    this.#writer = generator.writable.getWriter()
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

  close(): void {
    this.track.stop()
  }
}
