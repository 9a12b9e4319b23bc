/**
 * Fetches the networks and their runtime from where the page comes from, and
 * checks each against the hash that was built in. The browser keeps them: the
 * next time they need no network.
 */

import weights from "../../../mask/weights.json"

export interface Loaded {
  readonly ultraface: Uint8Array<ArrayBuffer>
  readonly blazeface: Uint8Array<ArrayBuffer>
  readonly selfie: Uint8Array<ArrayBuffer>
  readonly runtime: Uint8Array<ArrayBuffer>
}

type Name = keyof typeof weights

const ALL = Object.values(weights).reduce((sum, { bytes }) => sum + bytes, 0)

/** Tells the part that has come, 0..1. Rejects when something cannot be had, or is not what was built. */
export async function load(progress: (part: number) => void, get: typeof fetch = fetch): Promise<Loaded> {
  let came = 0
  const more = (bytes: number): void => {
    came += bytes
    progress(Math.min(1, came / ALL))
  }
  const one = async (name: Name): Promise<Uint8Array<ArrayBuffer>> => {
    // What was kept may be of another release, or half of it: then it is asked for anew.
    for (const cache of ["force-cache", "reload"] as const) {
      const before = came
      const bytes = await fetched(`/${name}`, cache, weights[name].bytes, more, get)
      if (bytes !== null && (await hash(bytes)) === weights[name].sha256) return bytes
      came = before
    }
    throw new Error(`${name} cannot be had`)
  }
  const [ultraface, blazeface, selfie, runtime] = await Promise.all([
    one("mask-ultraface.onnx"),
    one("mask-blazeface.onnx"),
    one("mask-selfie.onnx"),
    one("mask-runtime.wasm"),
  ])
  return { ultraface, blazeface, selfie, runtime }
}

/** Exactly so many bytes; null: they were not to be had. */
async function fetched(
  url: string,
  cache: RequestCache,
  length: number,
  more: (bytes: number) => void,
  get: typeof fetch,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const response = await get(url, { cache, credentials: "omit", redirect: "error" }).catch(() => null)
  const reader = response?.ok === true ? response.body?.getReader() : undefined
  if (reader === undefined) return null
  const bytes = new Uint8Array(length)
  let at = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return at === length ? bytes : null
      if (at + value.length > length) return null
      bytes.set(value, at)
      at += value.length
      more(value.length)
    }
  } catch {
    return null
  }
}

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}
