/**
 * A browser in which only a worker reads and writes tracks, as the standard has
 * it and Safari does (W3C mediacapture-transform). None that runs here is one: this
 * makes Chromium look so. The page loses its processor and generator; the
 * worker gets the standard's, which are not real: their frames come from, and go
 * to, the page's own by messages, in place of the track that would be moved.
 * What is real is everything that the application does with them.
 */

import type { WebWorker } from "puppeteer-core"
import type { Person } from "./person.ts"
import { holding } from "./spoilt.ts"

declare global {
  interface Window {
    /** Frames that a worker wrote to its track. */
    moved: { frames: number }
  }
}

/** The scripts of such a page; `prepare` must be called before it masks. */
export const moving = (): string[] => [holding(), `(${inPage.toString()})()`]

export function prepare(person: Person): void {
  const reach = async (worker: WebWorker): Promise<void> => {
    if (!worker.url().includes("mask")) return
    await worker.evaluate(`(${inWorker.toString()})()`)
    await person.page.evaluate(() => window.spoilt())
  }
  // A worker that has ended meanwhile needs nothing any more.
  person.page.on("workercreated", (worker) => void reach(worker).catch(() => undefined))
}

type Generator = MediaStreamTrack & { readonly writable: WritableStream<VideoFrame> }

interface PageHas {
  MediaStreamTrackProcessor: new (of: {
    track: MediaStreamTrack
    maxBufferSize: number
  }) => { readonly readable: ReadableStream<VideoFrame> }
  MediaStreamTrackGenerator: new (of: { kind: "video" }) => Generator
}

function inPage(): void {
  const has = globalThis as Partial<PageHas>
  const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Maker } = has as PageHas
  delete has.MediaStreamTrackProcessor
  delete has.MediaStreamTrackGenerator
  window.moved = { frames: 0 }

  // Whether a track can be moved is tried on a port of its own.
  const send = MessagePort.prototype.postMessage as (this: MessagePort, message: unknown, move?: unknown) => void
  MessagePort.prototype.postMessage = function (message: unknown, move?: Transferable[] | StructuredSerializeOptions) {
    if (!(message instanceof MediaStreamTrack)) send.call(this, message, move)
  }

  type FromWorker = { readonly on?: string; readonly written?: VideoFrame }
  window.Worker = class extends Worker {
    constructor(script: string | URL, options?: WorkerOptions) {
      super(script, options)
      let heard: Worker["onmessage"] = null
      let writer: WritableStreamDefaultWriter<VideoFrame> | null = null
      Object.defineProperty(this, "onmessage", {
        get: () => heard,
        set: (next: Worker["onmessage"]) => {
          heard = next
        },
      })
      this.addEventListener("message", (event: MessageEvent<FromWorker>) => {
        const { on, written } = event.data
        if (written !== undefined) {
          window.moved.frames++
          if (writer === null) return written.close()
          return void writer.write(written).catch(() => written.close())
        }
        if (on !== "generated") return heard?.call(this, event)
        const track = new Maker({ kind: "video" })
        writer = track.writable.getWriter()
        heard?.call(this, new MessageEvent("message", { data: { on, track } }))
      })
    }
    override postMessage(message: unknown, move?: Transferable[] | StructuredSerializeOptions): void {
      const { track } = message as { track?: unknown }
      if (!(track instanceof MediaStreamTrack)) return super.postMessage(message, move as Transferable[])
      const { readable } = new Processor({ track, maxBufferSize: 1 })
      super.postMessage({ do: "track", frames: readable }, [readable])
    }
  }
}

function inWorker(): void {
  type Moved = { readonly frames: ReadableStream<VideoFrame>; stop(): void }
  const post = self.postMessage.bind(self) as (message: unknown, move?: Transferable[]) => void
  Object.assign(self, {
    MediaStreamTrackProcessor: class {
      readonly readable: ReadableStream<VideoFrame>
      constructor({ track }: { readonly track: Moved }) {
        this.readable = track.frames
      }
    },
    VideoTrackGenerator: class {
      readonly track = { stop: () => undefined }
      readonly writable = new WritableStream<VideoFrame>({ write: (frame) => post({ written: frame }, [frame as unknown as Transferable]) })
    },
    // The track is no object that can be moved: it is made where it arrives.
    postMessage: (message: { readonly on?: string }, move?: Transferable[]) =>
      message.on === "generated" ? post({ on: "generated" }) : post(message, move),
  })
  let heard = self.onmessage
  self.onmessage = null
  Object.defineProperty(self, "onmessage", {
    get: () => heard,
    set: (next: typeof heard) => {
      heard = next
    },
  })
  self.addEventListener("message", (event: MessageEvent<{ readonly do?: string; readonly frames?: ReadableStream<VideoFrame> }>) => {
    const { do: what, frames } = event.data
    const data = what === "track" ? { do: what, track: { frames, stop: () => undefined } } : event.data
    heard?.call(self as Window & typeof globalThis, new MessageEvent("message", { data }))
  })
}
