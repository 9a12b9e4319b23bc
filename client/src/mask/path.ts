/**
 * Which way frames go from the camera to the mask worker and back, by what the
 * browser has, not by its name. source.ts and sink.ts are the page's two ends.
 */

import { startMaskWorker } from "../crypto/port.ts"
import type { FromMask, ToMask } from "./port.ts"

/**
 * - `streams`: the page reads and writes tracks, and moves the stream of frames to the worker (Chromium).
 * - `tracks`: the worker reads and writes tracks, and the tracks are moved (Safari, and the standard).
 * - `pictures`: an element plays the camera, and a canvas is the track (Firefox).
 */
export type Path = "streams" | "tracks" | "pictures"

/** What reads frames of a track and what makes a track of frames, in the page or in a worker. */
export interface Has {
  readonly processor: boolean
  readonly generator: boolean
}

/** `worker` is null where it did not answer. */
export function pathOf(page: Has & { readonly moves: boolean }, worker: Has | null): Path {
  if (page.processor && page.generator) return "streams"
  return page.moves && worker?.processor === true && worker.generator ? "tracks" : "pictures"
}

/** A worker that has not said for so long what it has (ms) is not waited for. */
const ASK_MS = 10_000

/** Whether a track can be moved to a worker: it is tried with one that shows nothing. */
function moves(): boolean {
  const { port1, port2 } = new MessageChannel()
  try {
    const [track] = document.createElement("canvas").captureStream(0).getVideoTracks()
    if (track === undefined) return false
    port1.postMessage(track, [track as unknown as Transferable])
    return true
  } catch {
    return false
  } finally {
    port1.close()
    port2.close()
  }
}

const inWorker = (): Promise<Has | null> =>
  new Promise((answer) => {
    const worker = startMaskWorker()
    const done = (has: Has | null): void => {
      clearTimeout(late)
      worker.terminate()
      answer(has)
    }
    const late = setTimeout(() => done(null), ASK_MS)
    worker.onmessage = ({ data }: MessageEvent<FromMask>) => done(data.on === "has" ? data.has : null)
    worker.onerror = () => done(null)
    worker.postMessage({ do: "has" } satisfies ToMask)
  })

let found: Promise<Path> | null = null

/** The path of this browser. The worker is asked once, and only where its answer matters. */
export function pathHere(): Promise<Path> {
  found ??= (async () => {
    const page = { processor: "MediaStreamTrackProcessor" in globalThis, generator: "MediaStreamTrackGenerator" in globalThis }
    if (page.processor && page.generator) return "streams"
    const able = { ...page, moves: moves() }
    return pathOf(able, able.moves ? await inWorker().catch(() => null) : null)
  })()
  return found
}
