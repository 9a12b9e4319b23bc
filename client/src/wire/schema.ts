/**
 * What a wire message is made of: each schema reads a value out of parsed JSON
 * and writes it back, and throws Malformed on anything that does not fit.
 */

/** A message that is not exactly what signaling/wire says. It holds nothing of it. */
export class Malformed extends Error {
  constructor() {
    super("wire: malformed message")
  }
}

export interface Schema<T> {
  readonly read: (v: unknown) => T
  readonly write: (v: T) => unknown
  readonly optional?: true
}

/** One schema for each field of an object; the `t` of a message is not a field. */
export type Fields<T> = { readonly [K in Exclude<keyof T, "t">]-?: Schema<T[K]> }

function need(fits: boolean): asserts fits {
  if (!fits) throw new Malformed()
}

/** A value that is the same in JSON. */
const plain = <T>(fits: (v: unknown) => v is T): Schema<T> => {
  const same = (v: unknown): T => {
    need(fits(v))
    return v
  }
  return { read: same, write: same }
}

/** 0 to 2^53 - 1. */
export const int: Schema<number> = plain((v): v is number => Number.isSafeInteger(v) && (v as number) >= 0)

/** One of a few integers. */
export const integers = <N extends number>(...all: readonly N[]): Schema<N> => plain((v): v is N => all.includes(v as N))

export const bool: Schema<boolean> = plain((v): v is boolean => typeof v === "boolean")

/** One of a few words. */
export const words = <W extends string>(...all: readonly W[]): Schema<W> => plain((v): v is W => all.includes(v as W))

const utf8 = new TextEncoder()

/** At most `max` bytes of UTF-8, without half a surrogate pair. */
export const text = (max: number): Schema<string> =>
  plain((v): v is string => typeof v === "string" && !/\p{Surrogate}/u.test(v) && utf8.encode(v).length <= max)

/** `min` to `max` bytes, as base64url without padding (RFC 4648, section 5). */
export const bytes = (min: number, max: number): Schema<Uint8Array> => {
  const fits = (n: number): void => need(n >= min && n <= max)
  return {
    read: (v) => {
      need(typeof v === "string" && /^[\w-]*$/.test(v))
      fits(Math.floor((v.length * 3) / 4))
      const out = fromBase64url(v)
      need(toBase64url(out) === v) // bits after the last byte
      return out
    },
    write: (v) => {
      fits(v.length)
      return toBase64url(v)
    },
  }
}

function fromBase64url(text: string): Uint8Array {
  need(text.length % 4 !== 1)
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))
}

function toBase64url(data: Uint8Array): string {
  let binary = ""
  for (let at = 0; at < data.length; at += 4096) binary += String.fromCharCode(...data.subarray(at, at + 4096))
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

export const list = <T>(of: Schema<T>, max: number): Schema<readonly T[]> => ({
  read: (v) => {
    need(Array.isArray(v) && v.length <= max)
    return v.map(of.read)
  },
  write: (v) => {
    need(v.length <= max)
    return v.map(of.write)
  },
})

/** A field that may be absent. It is never null. */
export const optional = <T>(of: Schema<T>): Schema<T | undefined> => ({
  read: of.read,
  write: (v) => v && of.write(v),
  optional: true,
})

type Members = Record<string, unknown>

const isObject = (v: unknown): v is Members => typeof v === "object" && v !== null && !Array.isArray(v)

/** Copies the fields from one object into `to`, and says how many were there. */
function copy(fields: Record<string, Schema<unknown>>, way: "read" | "write", from: Members, to: Members): number {
  let found = 0
  for (const [name, schema] of Object.entries(fields)) {
    if (Object.hasOwn(from, name) && (way === "read" || from[name] !== undefined)) {
      to[name] = schema[way](from[name])
      found++
    } else need(schema.optional === true)
  }
  return found
}

/** An object with these fields and no others. */
export const object = <T extends object>(fields: Fields<T>): Schema<T> => ({
  read: (v) => {
    need(isObject(v))
    const out: Members = {}
    need(copy(fields as Record<string, Schema<unknown>>, "read", v, out) === Object.keys(v).length)
    return out as T
  },
  write: (v) => {
    const out: Members = {}
    copy(fields as Record<string, Schema<unknown>>, "write", v as Members, out)
    return out
  },
})

/** One of several messages, told apart by `t`, their first member. */
export const messages = <M extends { readonly t: string }>(
  all: {
    readonly [T in M["t"]]: Fields<Extract<M, { readonly t: T }>>
  },
): Schema<M> => {
  const fieldsOf = (t: unknown): Record<string, Schema<unknown>> => {
    need(typeof t === "string" && Object.hasOwn(all, t))
    return all[t as M["t"]] as Record<string, Schema<unknown>>
  }
  return {
    read: (v) => {
      need(isObject(v) && Object.keys(v)[0] === "t")
      const { t } = v
      const out: Members = { t }
      need(copy(fieldsOf(t), "read", v, out) + 1 === Object.keys(v).length)
      return out as M
    },
    write: (m) => {
      const out: Members = { t: m.t }
      copy(fieldsOf(m.t), "write", m as unknown as Members, out)
      return out
    },
  }
}

/**
 * Reads one frame. It must be written as JSON.stringify writes: that leaves no
 * room for members that come twice, of which JSON.parse would hide one.
 */
export function parse<T>(schema: Schema<T>, frame: string): T {
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch {
    throw new Malformed()
  }
  need(JSON.stringify(value) === frame)
  return schema.read(value)
}

export const stringify = <T>(schema: Schema<T>, m: T): string => JSON.stringify(schema.write(m))
