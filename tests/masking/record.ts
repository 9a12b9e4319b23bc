/**
 * Records what the networks find in every frame of labelled clips, for
 * `simulate.ts`. In Node, with the networks and the runtime that browsers get;
 * the clips are read by ffmpeg.
 *
 *   record.mjs <folder with clips.json> <recorded.json>
 */

import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Face } from "../../client/src/mask/cover/cover.ts"
import { COLUMNS, ROWS } from "../../client/src/mask/cover/scene.ts"
import { type Nets, openNets } from "../../client/src/mask/nets.ts"
import type { Pixels } from "../../client/src/mask/port.ts"
import type { Clip, Recorded } from "./simulate.ts"

/** As in the worker: the longer side of what the networks see. */
const SIDE = 640

/** People are looked for seldom. */
const PERSON_EVERY = 5

const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`bin/mask/${name}`))

const decode = (file: string, width: number, height: number, format: "rgba" | "gray"): Buffer =>
  execFileSync(
    "ffmpeg",
    ["-v", "error", "-i", file, "-vf", `scale=${width}:${height}:flags=area`, "-f", "rawvideo", "-pix_fmt", format, "-"],
    {
      maxBuffer: 2 ** 31,
    },
  )

const scaled = (faces: readonly Face[], by: number): Face[] =>
  faces.map(({ x, y, width, height, score }) => ({ x: x * by, y: y * by, width: width * by, height: height * by, score }))

async function recorded(nets: Nets, file: string, width: number, height: number, fps: number): Promise<Clip> {
  const scale = SIDE / Math.max(width, height)
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)]
  const [pixels, luma] = [decode(file, w, h, "rgba"), decode(file, COLUMNS, ROWS, "gray")]
  const frames: Recorded[] = []
  for (let n = 0; n < pixels.length / (4 * w * h); n++) {
    const whole: Pixels = { data: new Uint8ClampedArray(pixels.subarray(n * 4 * w * h, (n + 1) * 4 * w * h)), width: w, height: h }
    const by = width / whole.width
    const short = await nets.fast(whole, true)
    const frame: Recorded = {
      u320: scaled(await nets.fast(whole, false), by),
      short: scaled(short, by),
      full: scaled(await nets.full(whole, short), by),
      luma: [...luma.subarray(n * COLUMNS * ROWS, (n + 1) * COLUMNS * ROWS)],
    }
    const person = n % PERSON_EVERY === 0 ? await nets.person(whole) : null
    frames.push(person ? { ...frame, person: { ...person, likely: [...person.likely] } } : frame)
  }
  return { width, height, fps, frames }
}

const [folder, out] = process.argv.slice(2)
if (!folder || !out) throw new Error("usage: record.mjs <folder with clips.json> <recorded.json>")
const nets = await openNets({
  ultraface: read("mask-ultraface.onnx"),
  blazeface: read("mask-blazeface.onnx"),
  selfie: read("mask-selfie.onnx"),
  runtime: read("mask-runtime.wasm"),
})
interface Labelled {
  readonly file: string
  readonly w: number
  readonly h: number
  readonly fps: number
}
const clips: Record<string, Clip> = {}
for (const [name, { file, w, h, fps }] of Object.entries(
  JSON.parse(readFileSync(join(folder, "clips.json"), "utf8")) as Record<string, Labelled>,
)) {
  clips[name] = await recorded(nets, join(folder, file), w, h, fps)
  console.log(`${name}: ${clips[name].frames.length} frames`)
}
writeFileSync(out, JSON.stringify({ clips }))
