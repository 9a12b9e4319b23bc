/** What a person shows the server to enter a room: the proofs in wire.Join (PROTOCOL.md, "Proofs"). */

import type { Signed } from "../../client/src/wire/messages.gen.ts"
import type { Policy } from "../../client/src/wire/statements.gen.ts"
import type { Grant } from "./grant.ts"
import { proveGeneration, proveJoin, proveModerator, provePassphrase } from "./link.ts"
import type { Links } from "./links.ts"
import type { Proof } from "./port.ts"
import type { OwnTicket, Self } from "./self.ts"
import { proveDevice, proveTicket } from "./ticket.ts"

/** What a Join is made of beside the person itself. */
export interface Entry {
  readonly nonce: Uint8Array // the connection's
  readonly keyPackage: Uint8Array
  readonly links: Links
  readonly policy: Policy // as far as this person knows
  readonly grant: Grant | null // its own
  readonly offer: Signed | null // a policy that is to hold if the room's is older
}

/** Makes and signs every proof this person has. */
export async function prove(self: Self, { nonce, keyPackage, links, policy, grant, offer }: Entry): Promise<Proof> {
  const { room, person, rules, ticket, holder, signer } = self
  const { room: id, moderators, join } = room
  const proof: { -readonly [K in keyof Proof]: Proof[K] } = {
    room: id,
    moderators,
    joinKey: join.publicKey,
    joinSignature: await proveJoin(join.privateKey, nonce, id, person),
    person,
    keyPackage,
  }
  // A holder of M needs neither the newest link nor the passphrase.
  if (holder === null) {
    const number = await links.newest(policy)
    const generation = number === 0 ? null : await links.generation(number)
    if (generation !== null) {
      const { publicKey, privateKey } = generation.keys.join
      proof.generation = { number, key: publicKey, signature: await proveGeneration(privateKey, nonce, id, person) }
    }
    const pass = links.passphrase
    if (pass !== null) proof.passphrase = { key: pass.publicKey, signature: await provePassphrase(pass.privateKey, nonce, id, person) }
  }
  if (ticket !== null && ticket.device !== null) proof.ticket = await ticketProof(self, ticket, ticket.device, nonce)
  if (grant !== null) {
    const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from(signer.privateKey), "Ed25519", false, ["sign"])
    proof.moderator = { grant: grant.raw, signature: await proveModerator(key, nonce, id, person) }
  }
  if (rules?.host !== undefined) proof.host = rules.host
  if (offer !== null) proof.policy = offer
  return proof
}

async function ticketProof(
  { room, person }: Self,
  { raw, pair, read }: OwnTicket,
  device: NonNullable<OwnTicket["device"]>,
  nonce: Uint8Array,
): Promise<NonNullable<Proof["ticket"]>> {
  return {
    ticket: raw,
    signature: await proveTicket(pair.privateKey, nonce, room.room, person, device.publicKey),
    device: device.publicKey,
    deviceSignature: await proveDevice(device.privateKey, nonce, room.room, person, read.key),
  }
}
