/**
 * Data messages: signed by the sender's leaf, padded, sealed with SFrame
 * (PROTOCOL.md, "Data messages"). No state: counters, numbers and keys are the
 * caller's, who must never seal twice with one (epoch, leaf, ctr).
 */

import { ascii, type Bytes, bigEndian, concat, own } from "./bytes.ts"
import { type Content, decodeContent, encodeContent } from "./content.ts"
import { verifies } from "./derive.ts"
import { encodeKid, parseKid } from "./kid.ts"
import { DATA } from "./port.ts"
import { deriveFrameKey, open, parseHeader, seal } from "./sframe.ts"

export type { Content } from "./content.ts"

const METADATA = ascii("paravent data v1")
const SIGNATURE_LABEL = ascii("paravent data signature v1")

const SIGNATURE_SIZE = 64
const GROUP_SIZE = 32
const PERSON_SIZE = 16
const FRONT_SIZE = SIGNATURE_SIZE + 1 + 2 // signature, audience, length of the content
const SIZES = [256, 1024, 4096, 16384] as const // of the padded plaintext, bytes

/** One epoch of the group, as far as data messages need it. */
export interface DataEpoch {
  readonly groupId: Uint8Array // 32 bytes
  readonly epoch: number
  /** The epoch's SFrame base key, as in Keys of port.ts. */
  readonly baseKey: CryptoKey
}

export interface Sealing extends DataEpoch {
  readonly leaf: number // the sender's own
  /** From 0, one more for each message of this epoch. */
  readonly ctr: number
  /** From 1, one more for each message of this stay. */
  readonly seq: number
  /** The only person to read it (16 bytes); absent: everybody. */
  readonly to?: Uint8Array
  /** Ed25519 with the leaf's signature key. */
  readonly sign: (input: Bytes) => Promise<Uint8Array>
}

/** What a body says openly of its sender, before anything is verified. */
interface DataSender {
  readonly leaf: number
  readonly epochByte: number // lowest 8 bits of the epoch
}

export interface Opening extends DataEpoch {
  readonly self: Uint8Array // this person, 16 bytes
  readonly leaf: number // of the person who is said to have sent it
  readonly signatureKey: Uint8Array // of that leaf, 32 bytes
  /** The greatest number seen from this sender in this stay; 0 before the first. */
  readonly lastSeq: number
}

/**
 * How opening ended. `seq` is to be remembered as the next lastSeq, also for an
 * unknown type, which is then ignored. `alone`: sealed for this person only.
 */
export type Opened =
  | { readonly verdict: "ok"; readonly seq: number; readonly alone: boolean; readonly content: Content }
  | { readonly verdict: "unknown type"; readonly seq: number }
  | { readonly verdict: "malformed" | "no key" | "forged" | "replayed" }

function signed(epoch: DataEpoch, leaf: number, to: Uint8Array | undefined, content: Bytes): Bytes {
  const audience = to === undefined ? Uint8Array.of(0) : concat(Uint8Array.of(1), to)
  const place = concat(epoch.groupId, bigEndian(BigInt(epoch.epoch), 8), bigEndian(BigInt(leaf), 4))
  return concat(SIGNATURE_LABEL, place, audience, bigEndian(BigInt(content.length), 2), content)
}

function checkSizes(epoch: DataEpoch, person: Uint8Array | undefined): void {
  if (epoch.groupId.length !== GROUP_SIZE) throw new RangeError("data: group id of a wrong size")
  if (person !== undefined && person.length !== PERSON_SIZE) throw new RangeError("data: person id of a wrong size")
}

/** Signs, pads and seals. Throws RangeError when a limit is broken. */
export async function sealData(content: Content, how: Sealing): Promise<Bytes> {
  checkSizes(how, how.to)
  if (how.ctr > 0xffffffff) throw new RangeError("data: counter used up")
  const encoded = encodeContent(content, how.seq)
  const size = SIZES.find((s) => s >= FRONT_SIZE + encoded.length)
  if (size === undefined) throw new RangeError("data: content too long")
  const signature = await how.sign(signed(how, how.leaf, how.to, encoded))
  if (signature.length !== SIGNATURE_SIZE) throw new RangeError("data: signature of a wrong size")
  const plaintext = new Uint8Array(size)
  plaintext.set(concat(signature, Uint8Array.of(how.to === undefined ? 0 : 1), bigEndian(BigInt(encoded.length), 2), encoded))
  const key = await deriveFrameKey(how.baseKey, encodeKid(how.epoch, how.leaf, DATA))
  return seal(key, BigInt(how.ctr), METADATA, plaintext)
}

/** Which epoch and leaf a body claims to be from; null when it is no data message. */
export function dataSender(body: Uint8Array): DataSender | null {
  const header = parseHeader(body)
  const kid = header === null ? null : parseKid(header.kid)
  return kid?.context === DATA ? { leaf: kid.leaf, epochByte: kid.epochByte } : null
}

interface Unpacked {
  readonly signature: Bytes
  readonly toOne: boolean
  readonly content: Bytes
}

/** Takes the padding off; null when it is not exactly as the sender must make it. */
function unpack(plaintext: Bytes): Unpacked | null {
  const audience = plaintext[SIGNATURE_SIZE]
  const length = ((plaintext[SIGNATURE_SIZE + 1] ?? 0) << 8) | (plaintext[SIGNATURE_SIZE + 2] ?? 0)
  const end = FRONT_SIZE + length
  if (SIZES.find((s) => s >= end) !== plaintext.length || (audience !== 0 && audience !== 1)) return null
  if (plaintext.subarray(end).some((byte) => byte !== 0)) return null
  return { signature: plaintext.slice(0, SIGNATURE_SIZE), toOne: audience === 1, content: plaintext.slice(FRONT_SIZE, end) }
}

/** Opens a body that is said to come from `how.leaf`. Never throws on bad input. */
export async function openData(body: Uint8Array, how: Opening): Promise<Opened> {
  checkSizes(how, how.self)
  const frame = own(body)
  const header = parseHeader(frame)
  const kid = header === null ? null : parseKid(header.kid)
  if (header === null || kid?.context !== DATA || header.ctr > 0xffffffffn) return { verdict: "malformed" }
  if (kid.epochByte !== (how.epoch & 0xff) || kid.leaf !== how.leaf) return { verdict: "no key" }
  const plaintext = await open(await deriveFrameKey(how.baseKey, header.kid), header, METADATA, frame)
  if (plaintext === null) return { verdict: "forged" }
  const parts = unpack(plaintext)
  if (parts === null) return { verdict: "malformed" }
  const input = signed(how, how.leaf, parts.toOne ? how.self : undefined, parts.content)
  if (!(await verifies(how.signatureKey, parts.signature, input))) return { verdict: "forged" }
  const numbered = decodeContent(parts.content)
  if (numbered === null) return { verdict: "malformed" }
  if (numbered.seq <= how.lastSeq) return { verdict: "replayed" }
  if (numbered.content === null) return { verdict: "unknown type", seq: numbered.seq }
  return { verdict: "ok", seq: numbered.seq, alone: parts.toOne, content: numbered.content }
}
