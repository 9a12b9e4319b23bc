/**
 * What a data message says: a CBOR map (RFC 8949) in deterministic encoding,
 * checked member by member (PROTOCOL.md, "Content").
 */

import type { Bytes } from "./bytes.ts"
import { decodeFields, encodeFields, type Fields, has, isBytes, isFields, isText } from "./cbor.ts"
import { GRANT_SIZE } from "./grant.ts"
import { type Media, type Message, REACTIONS } from "./port.ts"

/** What the hello says beyond the page's words. Whether the grant holds, and is for this very leaf, is checked by whoever hears it. */
interface Introduction {
  readonly kem: Uint8Array // X25519 key of the stay, 32 bytes
  readonly moderator?: Uint8Array // grant, 216 bytes
}

/** The newest rules, from the member that has added somebody, to that newcomer alone: Signed, as on the wire. */
interface PolicyMessage {
  readonly t: "policy"
  readonly statement: string
  readonly grant: Uint8Array // 216 bytes
  readonly signature: Uint8Array // 64 bytes
}

/** Message as it travels. */
export type Content = (Message & { readonly t: "hello" } & Introduction) | Exclude<Message, { t: "hello" }> | PolicyMessage

/** Content with its number; of a type that this client does not know, only the number. */
type Numbered = { readonly seq: number; readonly content: Content } | { readonly seq: number; readonly content: null }

const TYPE_MAX = 32 // bytes
const NAME_MAX = 512 // bytes of UTF-8 as sent; what is shown is cut to 64 code points by cleanName
const TEXT_MAX = 8192 // bytes of UTF-8
const MID_MAX = 8 // bytes, as on the wire to the server
const STATEMENT_MAX = 15000 // bytes: a Policy with full lists has 12000
const KEY_SIZE = 32
const SIGNATURE_SIZE = 64

const isMid = (v: unknown): v is string => isText(v, 0, MID_MAX) && /^[\x21-\x7e]*$/.test(v)

const mediaKeys = ["microphone", "camera", "screen", "screenAudio"] as const

function isMedia(v: unknown): v is Media {
  if (!isFields(v) || !has(v, mediaKeys, ["mask"]) || !mediaKeys.every((k) => isMid(v[k]))) return false
  const { camera, mask } = v
  return mask === undefined || (camera !== "" && (mask === "faces" || mask === "body"))
}

const isNumber = (v: unknown): v is number => typeof v === "number" // whole and not negative: decodeFields allows no other

function helloOf(fields: Fields): Content | undefined {
  const { name, media, hand, kem, moderator } = fields
  if (!has(fields, ["t", "seq", "name", "media", "hand", "kem"], ["moderator"])) return undefined
  if (!isText(name, 0, NAME_MAX) || !isMedia(media) || !isNumber(hand) || !isBytes(kem, KEY_SIZE)) return undefined
  const hello = { t: "hello", name, media, hand, kem } as const
  if (moderator === undefined) return hello
  return isBytes(moderator, GRANT_SIZE) ? { ...hello, moderator } : undefined
}

function policyOf(fields: Fields): Content | undefined {
  const { statement, grant, signature } = fields
  if (!has(fields, ["t", "seq", "statement", "grant", "signature"])) return undefined
  if (!isText(statement, 1, STATEMENT_MAX) || !isBytes(grant, GRANT_SIZE) || !isBytes(signature, SIGNATURE_SIZE)) return undefined
  return { t: "policy", statement, grant, signature }
}

/** What each type looks like. */
const readers: Readonly<Record<Content["t"], (fields: Fields) => Content | undefined>> = {
  hello: helloOf,
  policy: policyOf,
  media: (f) => (has(f, ["t", "seq", "media"]) && isMedia(f["media"]) ? { t: "media", media: f["media"] } : undefined),
  chat: (f) => (has(f, ["t", "seq", "text"]) && isText(f["text"], 1, TEXT_MAX) ? { t: "chat", text: f["text"] } : undefined),
  hand: (f) => (has(f, ["t", "seq", "since"]) && isNumber(f["since"]) ? { t: "hand", since: f["since"] } : undefined),
  reaction: (f) => {
    const { emoji } = f
    return has(f, ["t", "seq", "emoji"]) && typeof emoji === "string" && REACTIONS.includes(emoji) ? { t: "reaction", emoji } : undefined
  },
  compared: (f) => (has(f, ["t", "seq"]) ? { t: "compared" } : undefined),
  speaking: (f) => (has(f, ["t", "seq"]) ? { t: "speaking" } : undefined),
}

/** The bytes to sign and seal. Throws RangeError when a limit is broken. */
export function encodeContent(content: Content, seq: number): Bytes {
  const bytes = encodeFields({ ...content, seq })
  if (decodeContent(bytes)?.content == null) throw new RangeError("content: beyond a limit")
  return bytes
}

/** Null unless `bytes` are the one deterministic encoding of an allowed map. */
export function decodeContent(bytes: Bytes): Numbered | null {
  const fields = decodeFields(bytes)
  if (fields === null) return null
  const { t, seq } = fields
  if (!isText(t, 1, TYPE_MAX) || typeof seq !== "number" || seq < 1) return null
  if (!Object.hasOwn(readers, t)) return { seq, content: null }
  const content = readers[t as Content["t"]](fields)
  return content === undefined ? null : { seq, content }
}
