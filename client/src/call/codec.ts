/** Which video codec this browser may send: only one whose sealed frames were seen to arrive. */

import { knowsScalability } from "../media/connection.ts"
import { selfTest, type Verdict } from "../media/selftest.ts"
import type { Codec } from "./state.ts"

type Video = Exclude<Codec, "auto">

/**
 * VP9 carries nothing of the picture in clear and costs the least bits, if it
 * can be sent in layers; VP8 is the one every browser has and sends in layers.
 */
const order = (): readonly Video[] => (knowsScalability() ? ["VP9", "VP8", "AV1"] : ["VP8", "VP9", "AV1"])

/** A test that did not pass is done again once: it may have met a busy moment. */
const TRIES = 2

const tested = new Map<string, Promise<Verdict>>()

async function verdict(codec: Video | "opus"): Promise<Verdict> {
  let last: Verdict = "unknown"
  for (let n = 0; n < TRIES && last !== "passed"; n++) {
    last = await selfTest(codec)
    if (last === "unknown") break // nothing will change before a device is allowed
  }
  if (last !== "passed") tested.delete(codec) // asked again, tested again
  return last
}

function works(codec: Video | "opus"): Promise<Verdict> {
  let test = tested.get(codec)
  if (test === undefined) {
    test = verdict(codec)
    tested.set(codec, test)
  }
  return test
}

/**
 * The codec to send with: the wished one if it works, or the first that does.
 * "unknown" when it could not be found out yet; null when none works: this
 * browser cannot seal.
 */
export async function usableCodec(wish: Codec): Promise<Video | "unknown" | null> {
  const opus = await works("opus")
  if (opus !== "passed") return opus === "unknown" ? opus : null
  for (const codec of wish === "auto" ? order() : [wish, ...order()]) {
    const video = await works(codec)
    if (video !== "failed") return video === "passed" ? codec : video
  }
  return null
}
