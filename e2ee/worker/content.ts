/**
 * What a data message says: a CBOR map (RFC 8949) in deterministic encoding,
 * checked member by member (PROTOCOL.md, "Content").
 */

import { decode, rfc8949EncodeOptions, encode as toCbor } from "cborg"
import { type Bytes, equal, own } from "./bytes.ts"
import type { Media, Message } from "./port.ts"

/** Shows, to whoever knows the link, that a leaf belongs to a moderator. */
export interface ModeratorClaim {
  readonly signatureKey: Uint8Array // 32 bytes; with kemKey it hashes to mh
  readonly kemKey: Uint8Array // 32 bytes
  readonly signature: Uint8Array // 64 bytes
}

/** Message as it travels: the hello carries the moderator's claim. */
export type Content = (Message & { readonly t: "hello"; readonly moderator?: ModeratorClaim }) | Exclude<Message, { t: "hello" }>

/** Content with its number; of a type that this client does not know, only the number. */
export type Numbered = { readonly seq: number; readonly content: Content } | { readonly seq: number; readonly content: null }

const DEPTH_MAX = 4 // maps and arrays inside each other, the outermost counted
const TYPE_MAX = 32 // bytes
const NAME_MAX = 512 // bytes of UTF-8 as sent; what is shown is cut to 64 code points by cleanName
const TEXT_MAX = 8192 // bytes of UTF-8
const MID_MAX = 8 // bytes, as on the wire to the server

const utf8 = new TextEncoder()
const size = (text: string): number => utf8.encode(text).length

type Fields = Readonly<Record<string, unknown>>

const isFields = (v: unknown): v is Fields => typeof v === "object" && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array)

/** Only text, byte strings, whole numbers from 0 to 2^53 - 1, booleans, lists and maps are allowed. */
function allowed(value: unknown, depth: number): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array) return true
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every((v) => allowed(v, depth - 1))
  return isFields(value) && Object.values(value).every((v) => allowed(v, depth - 1))
}

/** Whether `fields` has exactly the members named, `optional` ones perhaps missing. */
function has(fields: Fields, required: readonly string[], optional: readonly string[] = []): boolean {
  const known = [...required, ...optional]
  return required.every((k) => Object.hasOwn(fields, k)) && Object.keys(fields).every((k) => known.includes(k))
}

const isText = (v: unknown, min: number, max: number): v is string =>
  typeof v === "string" && v.length <= max && size(v) >= min && size(v) <= max
const isBytes = (v: unknown, length: number): v is Uint8Array => v instanceof Uint8Array && v.length === length
const isMid = (v: unknown): v is string => isText(v, 0, MID_MAX) && /^[\x21-\x7e]*$/.test(v)

const mediaKeys = ["microphone", "camera", "screen", "screenAudio"] as const

const isMedia = (v: unknown): v is Media => isFields(v) && has(v, mediaKeys) && mediaKeys.every((k) => isMid(v[k]))

function isClaim(v: unknown): v is ModeratorClaim {
  if (!isFields(v) || !has(v, ["signatureKey", "kemKey", "signature"])) return false
  const { signatureKey, kemKey, signature } = v
  return isBytes(signatureKey, 32) && isBytes(kemKey, 32) && isBytes(signature, 64)
}

/** The content in these members; null when its type is not known; undefined when it is wrong. */
function contentOf(fields: Fields): Content | null | undefined {
  const { t, name, media, moderator, text } = fields
  switch (t) {
    case "hello":
      if (!has(fields, ["t", "seq", "name", "media"], ["moderator"]) || !isText(name, 0, NAME_MAX) || !isMedia(media)) return undefined
      if (!Object.hasOwn(fields, "moderator")) return { t, name, media }
      return isClaim(moderator) ? { t, name, media, moderator } : undefined
    case "media":
      return has(fields, ["t", "seq", "media"]) && isMedia(media) ? { t, media } : undefined
    case "chat":
      return has(fields, ["t", "seq", "text"]) && isText(text, 1, TEXT_MAX) ? { t, text } : undefined
    default:
      return null
  }
}

/** The bytes to sign and seal. Throws RangeError when a limit is broken. */
export function encodeContent(content: Content, seq: number): Bytes {
  const bytes = own(toCbor({ ...content, seq }, { ...rfc8949EncodeOptions, ignoreUndefinedProperties: true }))
  if (decodeContent(bytes)?.content == null) throw new RangeError("content: beyond a limit")
  return bytes
}

/** Null unless `bytes` are the one deterministic encoding of an allowed map. */
export function decodeContent(bytes: Bytes): Numbered | null {
  try {
    const strict = {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
      allowBigInt: false,
    }
    const fields: unknown = decode(bytes, { ...strict, rejectDuplicateMapKeys: true })
    if (!isFields(fields) || !allowed(fields, DEPTH_MAX)) return null
    const { t, seq } = fields
    if (!isText(t, 1, TYPE_MAX) || typeof seq !== "number" || seq < 1) return null
    if (!equal(toCbor(fields, rfc8949EncodeOptions), bytes)) return null
    const content = contentOf(fields)
    return content === undefined ? null : { seq, content }
  } catch {
    return null // not well-formed
  }
}
