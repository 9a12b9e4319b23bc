/**
 * Who a person is for one stay in one room: what is derived from the link and
 * chosen when it is opened. A page that is reloaded takes its stay up again.
 */

import { type Bytes, concat, own, toHex } from "./bytes.ts"
import { type AgreementPair, agreementPair, expand, type ModeratorKeys, type SigningPair } from "./derive.ts"
import { deriveModerator, deriveRoom, type RoomKeys } from "./link.ts"
import * as mls from "./mls.ts"
import type { Link, PersonId, Rules, Stay } from "./port.ts"
import * as profile from "./profile.ts"
import type { Sign } from "./statement.ts"
import { type ReadTicket, readTicket, ticketKeys } from "./ticket.ts"

const PERSON_SIZE = 16
const TURN_SIZE = 2 ** 24 // numbers of messages and statements in one turn
const TURN_MAX = 2 ** 28 // so that numbers stay exact

/** A ticket of one's own, and the device it is used on. */
export interface OwnTicket {
  readonly raw: Bytes
  readonly read: ReadTicket
  readonly pair: SigningPair
  readonly device: SigningPair | null
}

/** A person, for its whole stay. */
export interface Self {
  readonly room: RoomKeys
  readonly holder: ModeratorKeys | null
  readonly rules: Rules | null
  readonly ticket: OwnTicket | null
  readonly person: Bytes
  readonly id: PersonId
  readonly signer: mls.Signer
  readonly sign: Sign // with the leaf's signature key
  readonly viewer: boolean
  readonly identity: Bytes // of the leaf's credential
  readonly kem: AgreementPair // notes and knocks come sealed to it; a holder's is mod_kem
  readonly turn: number
  readonly firstNumber: number // numbers of statements and messages are greater
}

async function deviceOf(pair: CryptoKeyPair): Promise<SigningPair> {
  return { publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), privateKey: pair.privateKey }
}

async function ticketOf(link: Link, room: RoomKeys, device: CryptoKeyPair | undefined): Promise<OwnTicket | null> {
  if (link.ticket === undefined) return null
  const read = await readTicket(link.ticket.ticket, room.room, room.moderators)
  if (read === null) throw new RangeError("self: a ticket of this room wanted")
  const pair = await ticketKeys(link.ticket.secret)
  return { raw: own(link.ticket.ticket), read, pair, device: device === undefined ? null : await deviceOf(device) }
}

/** A stay's X25519 key follows from its signature key: whoever was appointed reads knocks after a reload too. */
const kemOf = async (signer: mls.Signer): Promise<AgreementPair> =>
  agreementPair(await expand(mls.seedOf(signer), "paravent stay v1", "kem"))

/** Derives all that a link gives; a fresh person unless `stay` is taken up. Throws when the parts do not fit together. */
export async function openSelf(link: Link, stay?: Stay, device?: CryptoKeyPair): Promise<Self> {
  const room = await deriveRoom(link)
  const holder = link.moderator === undefined ? null : await deriveModerator(link.moderator)
  const ticket = await ticketOf(link, room, device)
  const turn = stay === undefined ? 0 : stay.turn + 1
  const person = stay === undefined ? crypto.getRandomValues(new Uint8Array(PERSON_SIZE)) : own(stay.person)
  if (person.length !== PERSON_SIZE || turn > TURN_MAX) throw new RangeError("self: a stay wanted")
  const signer = await mls.signer(stay?.seed)
  const key = await crypto.subtle.importKey("pkcs8", own(signer.privateKey), "Ed25519", false, ["sign"])
  const viewer = ticket?.read.viewer === true
  const role = viewer ? profile.VIEWER : profile.PARTICIPANT
  return {
    room,
    holder,
    rules: link.rules ?? null,
    ticket,
    person,
    id: toHex(person),
    signer,
    sign: async (input) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, input)),
    viewer,
    identity: await profile.identityOf(room.leafMac, person, signer.publicKey, role),
    kem: holder?.kem ?? (await kemOf(signer)),
    turn,
    firstNumber: turn * TURN_SIZE,
  }
}

/** What the next page needs to go on as the same person. */
export const stayOf = (self: Self): Pick<Stay, "person" | "seed" | "turn"> => ({
  person: concat(self.person),
  seed: mls.seedOf(self.signer),
  turn: self.turn,
})
