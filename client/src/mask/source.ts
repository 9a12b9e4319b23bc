/** How the frames of a camera get to the mask worker. Only what leaves that worker is ever shown or sent. */

import type { Path } from "./path.ts"
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

/** The frames of a track; of those that are not taken in time the newest is kept. */
export function framesOf(track: MediaStreamTrack): ReadableStream<VideoFrame> {
  const { MediaStreamTrackProcessor: Processor } = globalThis as unknown as { MediaStreamTrackProcessor: Processors }
  return new Processor({ track, maxBufferSize: 1 }).readable
}

export function openSource(path: Path, track: MediaStreamTrack, post: Post): Source {
  if (path === "streams") moveStream(track, post)
  else if (path === "pictures" || !movedTrack(track, post)) return new Played(track, post)
  return { taken: () => undefined, close: () => undefined } // what was moved ends with the worker
}

/** The camera's stream itself is moved to the worker. */
function moveStream(track: MediaStreamTrack, post: Post): void {
  const from = framesOf(track)
  post({ do: "frames", from }, [from])
}

/** Moves a copy of the camera's track: the page stops, mutes and sets up its own. Some tracks a browser may not move. */
function movedTrack(track: MediaStreamTrack, post: Post): boolean {
  const copy = track.clone()
  try {
    post({ do: "track", track: copy }, [copy as unknown as Transferable])
    return true
  } catch {
    copy.stop() // else it would keep the camera on
    return false
  }
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
