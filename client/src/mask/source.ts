/** How the frames of a camera get to the mask worker. Only what leaves that worker is ever shown or sent. */

import type { ToMask } from "./port.ts"

/** What a source needs of the worker. */
type Post = (message: ToMask, move: Transferable[]) => void

export interface Source {
  /** The worker can take another frame. */
  taken(): void
  close(): void
}

interface Processor {
  readonly readable: ReadableStream<VideoFrame>
}

type Processors = new (from: { track: MediaStreamTrack; maxBufferSize: number }) => Processor

const processors = (): Processors | undefined => (globalThis as { MediaStreamTrackProcessor?: Processors }).MediaStreamTrackProcessor

export const openSource = (track: MediaStreamTrack, post: Post): Source => {
  const Processor = processors()
  return Processor === undefined ? new Played(track, post) : moved(Processor, track, post)
}

/** The camera's stream itself is moved to the worker; of frames that it does not take in time the newest is kept. */
function moved(Processor: Processors, track: MediaStreamTrack, post: Post): Source {
  const { readable } = new Processor({ track, maxBufferSize: 1 })
  post({ do: "frames", from: readable }, [readable])
  return { taken: () => undefined, close: () => undefined } // the stream ends with the worker
}

/** An element plays the camera for nobody, and what it shows is copied. It shows nothing while the page is hidden. */
class Played implements Source {
  readonly #video = document.createElement("video")
  readonly #post: Post
  #busy = false // the worker has a frame
  #newer = false // and there was another since
  #handle = 0

  constructor(track: MediaStreamTrack, post: Post) {
    this.#post = post
    this.#video.muted = true
    this.#video.playsInline = true
    this.#video.srcObject = new MediaStream([track])
    void this.#video.play().catch(() => undefined) // no frame, and so nothing is shown
    this.#wait()
  }

  taken(): void {
    this.#busy = false
    if (this.#newer) this.#give()
  }

  close(): void {
    this.#video.cancelVideoFrameCallback(this.#handle)
    this.#video.srcObject = null
  }

  #wait(): void {
    this.#handle = this.#video.requestVideoFrameCallback(() => {
      this.#newer = true
      if (!this.#busy) this.#give()
      this.#wait()
    })
  }

  #give(): void {
    this.#newer = false
    if (this.#video.videoWidth === 0 || this.#video.srcObject === null) return
    const frame = new VideoFrame(this.#video, { timestamp: Math.round(performance.now() * 1000) })
    this.#busy = true
    this.#post({ do: "frame", frame }, [frame])
  }
}
