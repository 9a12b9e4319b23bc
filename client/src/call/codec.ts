/** Which video codec this browser may send: only one whose sealed frames were seen to arrive. */

import { selfTest } from "../media/selftest.ts"
import type { Codec } from "./state.ts"

type Video = Exclude<Codec, "auto">

/** VP9 carries nothing of the picture in clear and costs the least bits; VP8 is the one every browser has. */
const ORDER: readonly Video[] = ["VP9", "VP8", "AV1"]

const tested = new Map<string, Promise<boolean>>()

/** A codec that passed once is good; one that failed may have met a busy moment and is tested again when next asked for. */
function works(codec: Video | "opus"): Promise<boolean> {
  const known = tested.get(codec)
  if (known !== undefined) return known
  const test = selfTest(codec).then((passed) => {
    if (!passed) tested.delete(codec)
    return passed
  })
  tested.set(codec, test)
  return test
}

/** The codec to send with: the wished one if it works, or the first that does. Null: this browser cannot seal. */
export async function usableCodec(wish: Codec): Promise<Video | null> {
  if (!(await works("opus"))) return null
  for (const codec of wish === "auto" ? ORDER : [wish, ...ORDER]) if (await works(codec)) return codec
  return null
}
