/**
 * CBOR (RFC 8949) as the protocol uses it: one map with text keys, in core
 * deterministic encoding (section 4.2.1), of a few kinds of values
 * (PROTOCOL.md, "Content").
 */

import { decode, encode, rfc8949EncodeOptions } from "cborg"
import { type Bytes, equal, own } from "./bytes.ts"

const DEPTH_MAX = 4 // maps and arrays inside each other, the outermost counted

export type Fields = Readonly<Record<string, unknown>>

export const isFields = (v: unknown): v is Fields => typeof v === "object" && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array)

/** Only text, byte strings, whole numbers from 0 to 2^53 - 1, booleans, lists and maps are allowed. */
function allowed(value: unknown, depth: number): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array) return true
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every((v) => allowed(v, depth - 1))
  return isFields(value) && Object.values(value).every((v) => allowed(v, depth - 1))
}

const strict = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
}

/** The one encoding of a map. Members that are undefined are left out. */
export const encodeFields = (fields: Fields): Bytes => own(encode(fields, { ...rfc8949EncodeOptions, ignoreUndefinedProperties: true }))

/** Null unless `bytes` are the one deterministic encoding of an allowed map. Byte strings in it are copies. */
export function decodeFields(bytes: Bytes): Fields | null {
  try {
    const fields: unknown = decode(bytes, strict)
    if (!isFields(fields) || !allowed(fields, DEPTH_MAX)) return null
    return equal(encode(fields, rfc8949EncodeOptions), bytes) ? fields : null
  } catch {
    return null // not well-formed
  }
}

/** Whether `fields` has exactly the members named, `optional` ones perhaps missing. */
export function has(fields: Fields, required: readonly string[], optional: readonly string[] = []): boolean {
  const known = [...required, ...optional]
  return required.every((k) => Object.hasOwn(fields, k)) && Object.keys(fields).every((k) => known.includes(k))
}

const utf8 = new TextEncoder()

/** Whether `v` is text of `min` to `max` bytes of UTF-8. */
export const isText = (v: unknown, min: number, max: number): v is string => {
  if (typeof v !== "string" || v.length > max) return false
  const size = utf8.encode(v).length
  return size >= min && size <= max
}

export const isBytes = (v: unknown, length: number): v is Uint8Array => v instanceof Uint8Array && v.length === length
