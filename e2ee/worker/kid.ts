/** The key id: whose key, of which epoch, for which kind of content (PROTOCOL.md, "Key id"). */

import type { Context } from "./port.ts"

const EPOCH_BITS = 8n
const LEAF_BITS = 10n
const CONTEXT_MAX = 4n

export const LEAF_MAX = 1023 // the greatest leaf index that fits

/** What a KID says. Of the epoch it holds the lowest 8 bits only. */
export interface KeyId {
  readonly context: Context
  readonly leaf: number
  readonly epochByte: number
}

export function encodeKid(epoch: number, leaf: number, context: Context): bigint {
  if (!Number.isInteger(leaf) || leaf < 0 || leaf > LEAF_MAX) throw new RangeError("kid: leaf out of range")
  return (BigInt(context) << (EPOCH_BITS + LEAF_BITS)) | (BigInt(leaf) << EPOCH_BITS) | (BigInt(epoch) & 0xffn)
}

/** Null when a context is named that does not exist. */
export function parseKid(kid: bigint): KeyId | null {
  const context = kid >> (EPOCH_BITS + LEAF_BITS)
  if (context > CONTEXT_MAX) return null
  return { context: Number(context) as Context, leaf: Number((kid >> EPOCH_BITS) & 0x3ffn), epochByte: Number(kid & 0xffn) }
}
