/**
 * Statements: orders and rules that a moderator has signed (PROTOCOL.md,
 * "Statements"). No state: numbers and versions are the caller's.
 */

import type { Signed } from "../../client/src/wire/messages.gen.ts"
import { decodeStatement, encodeStatement, type Statement } from "../../client/src/wire/statements.gen.ts"
import { ascii, type Bytes, concat } from "./bytes.ts"
import { checkSizes, type RoomIds, verifies } from "./derive.ts"
import { GRANT_SIZE, type Grant, readGrant } from "./grant.ts"

const ROOM_SIZE = 16
const SIGNATURE_SIZE = 64
const TEXT_MAX = 16384 // bytes
const ENTRY_MAX = 16384 // bytes of an entry of a commit's authenticated data
const FRONT_SIZE = GRANT_SIZE + SIGNATURE_SIZE
const LABEL = ascii("paravent statement v1")

/** A statement that is authentic, and under whose grant it was said. */
export interface Said<S extends Statement = Statement> {
  readonly statement: S
  readonly grant: Grant
}

/** Signs with the leaf's signature key, which `sign` holds: Ed25519, 64 bytes. */
export type Sign = (input: Bytes) => Promise<Uint8Array>

const utf8 = new TextEncoder()
const input = (room: Uint8Array, text: string): Bytes => concat(LABEL, room, utf8.encode(text))

/** Signs a statement under a grant (216 bytes). Throws when a limit is broken. */
export async function signStatement(statement: Statement, grant: Uint8Array, sign: Sign, room: Uint8Array): Promise<Signed> {
  checkSizes([grant, GRANT_SIZE], [room, ROOM_SIZE])
  const text = encodeStatement(statement)
  const signature = await sign(input(room, text))
  checkSizes([signature, SIGNATURE_SIZE])
  if (utf8.encode(text).length > TEXT_MAX) throw new RangeError("statement: too long")
  return { statement: text, grant, signature }
}

/** The one text of a statement; null when `text` is another. */
function parsed(text: string): Statement | null {
  try {
    const statement = decodeStatement(text)
    return encodeStatement(statement) === text ? statement : null
  } catch {
    return null // Malformed
  }
}

/**
 * Reads what a moderator has signed. Null unless text, grants (at `now`, ms
 * since 1970; that of an Appoint too) and signature are as they must be. Left
 * to the caller: whether the number is new, and whether the grant has been
 * withdrawn (admission.ts).
 */
export async function readSigned(signed: Signed, ids: RoomIds, now: number): Promise<Said | null> {
  const statement = utf8.encode(signed.statement).length <= TEXT_MAX ? parsed(signed.statement) : null
  if (statement === null || signed.signature.length !== SIGNATURE_SIZE) return null
  const grant = await readGrant(signed.grant, ids, now)
  if (grant === null) return null
  if (!(await verifies(grant.key, signed.signature, input(ids.room, signed.statement)))) return null
  if (statement.t === "appoint" && (await readGrant(statement.grant, ids, now)) === null) return null
  return { statement, grant }
}

/** A statement as an entry of a commit's authenticated data: grant, signature, text. Throws RangeError when it is too long for one. */
export function entryOf(signed: Signed): Bytes {
  const entry = concat(signed.grant, signed.signature, utf8.encode(signed.statement))
  if (entry.length > ENTRY_MAX) throw new RangeError("statement: too long for an entry")
  return entry
}

/** What an entry of authenticated data is, before anything is verified: a grant (216 bytes) or a statement. Null for anything else. */
export function readEntry(bytes: Uint8Array): { readonly grant: Uint8Array } | { readonly signed: Signed } | null {
  if (bytes.length === GRANT_SIZE) return { grant: bytes }
  if (bytes.length <= FRONT_SIZE || bytes.length > ENTRY_MAX) return null
  try {
    const statement = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(FRONT_SIZE))
    return { signed: { statement, grant: bytes.slice(0, GRANT_SIZE), signature: bytes.slice(GRANT_SIZE, FRONT_SIZE) } }
  } catch {
    return null // not UTF-8
  }
}
