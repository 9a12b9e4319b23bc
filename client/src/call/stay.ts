/** What a page that is reloaded keeps of its stay for the next, as text. */

import { fromBase64Url, toBase64Url } from "../../../e2ee/worker/bytes.ts"
import type { Stay } from "../../../e2ee/worker/port.ts"

/** A stay that can be taken up again: within the server's resume time, and once. */
export interface Back {
  readonly token: Uint8Array // resume token, 32 bytes
  readonly stay: Stay
}

/** For this tab's session storage. */
export function backText({ token, stay }: Back): string {
  const { person, seed, turn, grant, policy, passphrase } = stay
  return JSON.stringify({
    token: toBase64Url(token),
    person: toBase64Url(person),
    seed: toBase64Url(seed),
    turn,
    ...(grant === undefined ? {} : { grant: toBase64Url(grant) }),
    ...(policy === undefined
      ? {}
      : { policy: { statement: policy.statement, grant: toBase64Url(policy.grant), signature: toBase64Url(policy.signature) } }),
    ...(passphrase === undefined ? {} : { passphrase: toBase64Url(passphrase) }),
  })
}

const GRANT_SIZE = 216

type Fields = Readonly<Record<string, unknown>>
const isFields = (v: unknown): v is Fields => typeof v === "object" && v !== null

function bytes(value: unknown, size: number): Uint8Array {
  const found = typeof value === "string" ? fromBase64Url(value) : null
  if (found?.length !== size) throw new RangeError("stay: not one of ours")
  return found
}

/** Null unless `text` is what backText makes: then the person comes as somebody new. */
export function parseBack(text: string): Back | null {
  try {
    const v: unknown = JSON.parse(text)
    if (!isFields(v)) return null
    const { token, person, seed, turn, grant, policy, passphrase } = v
    if (typeof turn !== "number" || !Number.isSafeInteger(turn) || turn < 0) return null
    const stay: Stay = {
      person: bytes(person, 16),
      seed: bytes(seed, 32),
      turn,
      ...(grant === undefined ? {} : { grant: bytes(grant, GRANT_SIZE) }),
      ...(policy === undefined ? {} : { policy: signed(policy) }),
      ...(passphrase === undefined ? {} : { passphrase: bytes(passphrase, 32) }),
    }
    return { token: bytes(token, 32), stay }
  } catch {
    return null
  }
}

function signed(v: unknown): NonNullable<Stay["policy"]> {
  if (!isFields(v) || typeof v["statement"] !== "string") throw new RangeError("stay: not one of ours")
  return { statement: v["statement"], grant: bytes(v["grant"], GRANT_SIZE), signature: bytes(v["signature"], 64) }
}
