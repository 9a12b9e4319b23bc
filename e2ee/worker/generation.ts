/**
 * How a new link generation reaches those who are in the room: its secret,
 * sealed in the commit from which it holds (PROTOCOL.md, "Link generations").
 */

import { ascii, type Bytes, bigEndian, concat, equal, own } from "./bytes.ts"
import { checkSizes } from "./derive.ts"
import { generationKeys } from "./link.ts"

/** MLS-Exporter(EXPORTER_LABEL, exporterContext(number), 16) of the epoch that the commit ends. */
export const EXPORTER_LABEL = "paravent link"
export const EXPORTED_SIZE = 16 // bytes
/** Of "g" in authenticated data: number, nonce, sealed secret, tag. */
export const GENERATION_SIZE = 4 + 12 + 32 + 16

const NUMBER_SIZE = 4
const NONCE_SIZE = 12
const SECRET_SIZE = 32
const GROUP_SIZE = 32
const LABEL = ascii("paravent link v1")

/** A generation as members have it. */
export interface LinkGeneration {
  readonly number: number // from 1
  readonly secret: Uint8Array // L_g, 32 bytes
}

export const exporterContext = (number: number): Bytes => bigEndian(BigInt(number), NUMBER_SIZE)

const key = (exported: Uint8Array, usage: KeyUsage): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", own(exported), "AES-GCM", false, [usage])

const how = (nonce: Uint8Array, groupId: Uint8Array): AesGcmParams => ({
  name: "AES-GCM",
  iv: own(nonce),
  additionalData: concat(LABEL, groupId),
})

/** What "g" is, with what the present epoch exports for this number. */
export async function sealGeneration({ number, secret }: LinkGeneration, exported: Uint8Array, groupId: Uint8Array): Promise<Bytes> {
  checkSizes([secret, SECRET_SIZE], [exported, EXPORTED_SIZE], [groupId, GROUP_SIZE])
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_SIZE))
  const sealed = await crypto.subtle.encrypt(how(nonce, groupId), await key(exported, "encrypt"), own(secret))
  return concat(exporterContext(number), nonce, new Uint8Array(sealed))
}

/** The number in "g", so that one knows what to export; null when it is not of its size or begins with 0. */
export function generationNumber(g: Uint8Array): number | null {
  if (g.length !== GENERATION_SIZE) return null
  const number = new DataView(g.buffer, g.byteOffset).getUint32(0)
  return number === 0 ? null : number
}

/** Opens "g"; null when it is not authentic in this epoch and group. */
export async function openGeneration(g: Uint8Array, exported: Uint8Array, groupId: Uint8Array): Promise<LinkGeneration | null> {
  const number = generationNumber(g)
  if (number === null) return null
  checkSizes([exported, EXPORTED_SIZE], [groupId, GROUP_SIZE])
  try {
    const [nonce, sealed] = [g.subarray(NUMBER_SIZE, NUMBER_SIZE + NONCE_SIZE), g.subarray(NUMBER_SIZE + NONCE_SIZE)]
    const secret = await crypto.subtle.decrypt(how(nonce, groupId), await key(exported, "decrypt"), own(sealed))
    return { number, secret: new Uint8Array(secret) }
  } catch {
    return null // forged
  }
}

/** Whether `next` may follow generation `present` of the group: the very next, and the one the rules name. */
export async function follows(
  next: LinkGeneration,
  present: number,
  wanted: { readonly number: number; readonly key: Uint8Array } | undefined,
): Promise<boolean> {
  if (wanted === undefined || next.number !== present + 1 || next.number !== wanted.number) return false
  return equal((await generationKeys(next.secret)).join.publicKey, wanted.key)
}
