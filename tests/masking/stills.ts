/**
 * What one search with all networks covers of labelled pictures, for a scorer.
 * In Node, with the networks and the runtime that browsers get; the pictures are
 * read by ffmpeg.
 *
 *   stills.mjs <folder with boxes.json> <masks.json> [full | fast]
 */

import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { dilate } from "../../client/src/mask/cover/boxes.ts"
import { openNets } from "../../client/src/mask/nets.ts"
import type { Pixels } from "../../client/src/mask/port.ts"
import { searched } from "../../client/src/mask/sight.ts"

interface Labelled {
  readonly file: string
  readonly w: number
  readonly h: number
}

const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`bin/mask/${name}`))

/** As the worker sees it: 640 x 360 at most. */
function decoded(file: string, width: number, height: number): Pixels {
  const scale = ["-vf", `scale=${width}:${height}:flags=area`, "-frames:v", "1"]
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-"]
  const data = execFileSync("ffmpeg", ["-v", "error", "-i", file, ...scale, ...raw], { maxBuffer: 2 ** 24 })
  return { data: new Uint8ClampedArray(data), width, height }
}

const [folder, out, how = "full"] = process.argv.slice(2)
if (!folder || !out) throw new Error("usage: stills.mjs <folder with boxes.json> <masks.json> [full | fast]")
const nets = await openNets({
  ultraface: read("mask-ultraface.onnx"),
  blazeface: read("mask-blazeface.onnx"),
  selfie: read("mask-selfie.onnx"),
  runtime: read("mask-runtime.wasm"),
})
const images: Record<string, number[][]> = {}
const { items } = JSON.parse(readFileSync(join(folder, "boxes.json"), "utf8")) as { items: readonly Labelled[] }
for (const { file, w, h } of items) {
  const pixels = decoded(join(folder, file), ...searched(w, h))
  const faces = how === "fast" ? await nets.fast(pixels, true) : await nets.full(pixels, await nets.fast(pixels, true))
  const [x, y] = [w / pixels.width, h / pixels.height]
  images[file] = faces.map((face) => dilate(face, 0)).map((box) => [box.x * x, box.y * y, box.width * x, box.height * y])
}
writeFileSync(out, JSON.stringify({ images }))
