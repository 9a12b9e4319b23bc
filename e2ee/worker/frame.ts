/**
 * One media frame: shim, SFrame, trailer and padding (PROTOCOL.md, "Frames").
 * Pure but for WebCrypto.
 */

import { type Bytes, concat } from "./bytes.ts"
import type { Grant } from "./keys.ts"
import { type KeyId, parseKid } from "./kid.ts"
import { type FrameKey, type Header, open, parseHeader, seal } from "./sframe.ts"
import { type Codec, makeShim, splitShim } from "./shim.ts"

const VERSION = 1 // in the high half of ver_flags; the low half is flags, all 0 today
const AUDIO_TRAILER = 3 // pad_len, level, ver_flags
const VIDEO_TRAILER = 1 // ver_flags
const AUDIO_STEP = 96 // bytes: every audio plaintext is a multiple, so that sizes tell nothing of speech
const VOICE_BIT = 0x80
const CTR_MAX = 0xffffffffn

/** How loud an audio frame is. */
export interface Loudness {
  readonly level: number // 0..127, -dBov: 127 is silence, or not known
  readonly voice: boolean
}

export const SILENCE: Loudness = { level: 127, voice: false }

const VOICE_LEVEL = 50 // -dBov; softer than this is taken for background

/** From the linear level 0..1 of the encoder. */
export function loudness(linear: number | undefined): Loudness {
  if (linear === undefined || !(linear > 0)) return SILENCE
  const level = Math.min(127, Math.max(0, Math.round(-20 * Math.log10(linear))))
  return { level, voice: level <= VOICE_LEVEL }
}

/** An encoded frame before sealing or after opening. */
interface Plain {
  readonly codec: Codec
  readonly key: boolean // a key frame; false for audio
  readonly data: Uint8Array
  readonly loudness: Loudness // of audio
}

function pack(frame: Plain): Bytes {
  if (frame.codec !== "opus") return concat(frame.data, Uint8Array.of(VERSION << 4))
  const { level, voice } = frame.loudness
  const least = frame.data.length + AUDIO_TRAILER
  const padding = (AUDIO_STEP - (least % AUDIO_STEP)) % AUDIO_STEP
  return concat(frame.data, new Uint8Array(padding), Uint8Array.of(padding, level | (voice ? VOICE_BIT : 0), VERSION << 4))
}

/** A frame ready for the packetizer; null when `frame` cannot be one of its codec. */
export async function sealFrame(frame: Plain, grant: Grant): Promise<Bytes | null> {
  const shim = frame.data.length === 0 ? null : makeShim(frame.codec, frame.data, frame.key)
  if (shim === null) return null
  const sealed = await seal(await grant.key, BigInt(grant.ctr), shim, pack(frame))
  return concat(shim, sealed)
}

/** What can be read of a received frame without a key. */
export interface Sealed {
  readonly codec: Codec
  readonly shim: Bytes
  readonly sealed: Bytes
  readonly header: Header
  readonly id: KeyId
  readonly ctr: number
}

/** Null when it is no frame of this protocol. */
export function parseFrame(codec: Codec, wire: Bytes): Sealed | null {
  const parts = splitShim(codec, wire)
  const header = parts === null ? null : parseHeader(parts.sealed)
  const id = header === null ? null : parseKid(header.kid)
  if (parts === null || header === null || id === null || header.ctr > CTR_MAX) return null
  return { codec, ...parts, header, id, ctr: Number(header.ctr) }
}

interface OpenedFrame {
  readonly data: Bytes
  readonly loudness: Loudness
}

function unpack(codec: Codec, plaintext: Bytes): OpenedFrame | null {
  const at = (back: number): number => plaintext[plaintext.length - back] ?? 0
  const trailer = codec === "opus" ? AUDIO_TRAILER : VIDEO_TRAILER
  const padding = codec === "opus" ? at(3) : 0
  const end = plaintext.length - trailer - padding
  if (end < 1 || at(1) >> 4 !== VERSION) return null
  if (plaintext.subarray(end, end + padding).some((byte) => byte !== 0)) return null
  const loud = codec === "opus" ? { level: at(2) & 0x7f, voice: (at(2) & VOICE_BIT) !== 0 } : SILENCE
  return { data: plaintext.slice(0, end), loudness: loud }
}

/** The encoded frame; null when it is not authentic or not as a sender makes it. */
export async function openFrame(frame: Sealed, key: FrameKey): Promise<OpenedFrame | null> {
  const plaintext = await open(key, frame.header, frame.shim, frame.sealed)
  return plaintext === null ? null : unpack(frame.codec, plaintext)
}
