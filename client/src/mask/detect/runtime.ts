/** The networks, run by ONNX Runtime in this worker: one after the other, in one thread. */

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm"
import type { Face, Silhouette } from "../cover/cover.ts"
import type { Pixels } from "../port.ts"
import * as blazeface from "./blazeface.ts"
import type { Loaded } from "./load.ts"
import { best } from "./merge.ts"
import { Scaler } from "./pixels.ts"
import * as selfie from "./selfie.ts"
import { facesOf, planesOf } from "./ultraface.ts"

/** Boxes of one network for one face overlap by more. */
const SAME = 0.3

export class Networks {
  readonly #ultraface: InferenceSession
  readonly #blazeface: InferenceSession
  readonly #selfie: InferenceSession
  readonly #square = new Scaler(blazeface.SIDE, blazeface.SIDE)
  readonly #wide = new Scaler(selfie.COLUMNS, selfie.ROWS)
  readonly #planes = { square: new Float32Array(3 * blazeface.SIDE ** 2), wide: new Float32Array(3 * selfie.COLUMNS * selfie.ROWS) }
  readonly #sized = new Map<string, Float32Array>()

  private constructor(ultraface: InferenceSession, blazeface: InferenceSession, selfie: InferenceSession) {
    this.#ultraface = ultraface
    this.#blazeface = blazeface
    this.#selfie = selfie
  }

  /** Rejects where the runtime does not work, or a network is not one. */
  static async open(loaded: Loaded): Promise<Networks> {
    env.wasm.numThreads = 1
    env.wasm.proxy = false
    env.wasm.wasmBinary = loaded.runtime
    env.logLevel = "fatal" // nothing of a picture is said, and nothing else either
    const options: InferenceSession.SessionOptions = { executionProviders: ["wasm"], graphOptimizationLevel: "all", logSeverityLevel: 4 }
    const open = (network: Uint8Array): Promise<InferenceSession> => InferenceSession.create(network, options)
    return new Networks(await open(loaded.ultraface), await open(loaded.blazeface), await open(loaded.selfie))
  }

  /** Faces by UltraFace, in pixels of the picture. */
  async faces(picture: Pixels, threshold: (part: number) => number): Promise<Face[]> {
    const { width, height } = picture
    const key = `${width} ${height}`
    const planes = planesOf(picture, this.#sized.get(key))
    this.#sized.set(key, planes)
    const out = await this.#ultraface.run({ input: new Tensor("float32", planes, [1, 3, height, width]) })
    const [scores, deltas] = bySize(out)
    return best(facesOf(scores, deltas, picture, threshold), SAME)
  }

  /** Faces by BlazeFace, in pixels of the picture. */
  async closeUps(picture: Pixels, threshold: number): Promise<Face[]> {
    const fit = this.#square.fill(this.#planes.square, picture, blazeface.GAIN, blazeface.BIAS)
    const out = await run(this.#blazeface, this.#planes.square, blazeface.SIDE, blazeface.SIDE)
    const [scores, boxes] = bySize(out)
    return best(blazeface.facesOf(scores, boxes, fit, threshold), SAME)
  }

  /** Where people are. */
  async person(picture: Pixels): Promise<Silhouette> {
    this.#wide.fill(this.#planes.wide, picture, selfie.GAIN, 0, true)
    const out = await run(this.#selfie, this.#planes.wide, selfie.ROWS, selfie.COLUMNS)
    return selfie.silhouetteOf(bySize(out)[0])
  }
}

const run = (network: InferenceSession, planes: Float32Array, height: number, width: number): Promise<InferenceSession.ReturnType> =>
  network.run({ [network.inputNames[0] ?? ""]: new Tensor("float32", planes, [1, 3, height, width]) })

/** What a network answers, the shortest first: scores come before boxes. */
function bySize(out: InferenceSession.ReturnType): [Float32Array, Float32Array] {
  const all = Object.values(out).map((t) => t.data)
  const [a, b] = all.filter((d) => d instanceof Float32Array).sort((x, y) => x.length - y.length)
  if (a === undefined || all.length > 2) throw new RangeError("a network answers with something else than numbers")
  return [a, b ?? a]
}
