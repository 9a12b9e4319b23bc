/** For tests: members of one group without a server between them, and a repeatable choice of what happens. */
import { concat } from "./bytes.ts"
import { deriveRoom } from "./link.ts"
import * as mls from "./mls.ts"
import * as profile from "./profile.ts"

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function generator(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export const roomOf = (fill: number) => deriveRoom({ secret: new Uint8Array(32).fill(fill), moderators: new Uint8Array(16).fill(fill) })

/** Somebody with a link who may or may not be in a group. */
export interface Guest {
  readonly person: Uint8Array
  readonly signer: mls.Signer
  readonly identity: Uint8Array
  own: mls.Own
}

export async function guest(room: profile.Room): Promise<Guest> {
  const person = crypto.getRandomValues(new Uint8Array(16))
  const signer = await mls.signer()
  const identity = await profile.identityOf(room.leafMac, person, signer.publicKey)
  return { person, signer, identity, own: await mls.keyPackage(identity, signer) }
}

export interface Seated extends Guest {
  group: mls.Group
  roster: profile.Roster
}

export async function founder(room: profile.Room & { readonly room: Uint8Array }): Promise<Seated> {
  const g = await guest(room)
  const group = await mls.create(profile.newGroupId(room.room), g.own)
  return { ...g, group, roster: await profile.checkJoined(group, room, g.person) }
}

export interface Wish {
  readonly adds: readonly Guest[]
  readonly removes: readonly number[]
}

export async function commitOf(by: Seated, room: profile.Room, wish: Wish): Promise<mls.Pending> {
  const adds = await Promise.all(wish.adds.map((g) => mls.readKeyPackage(g.own.message)))
  const reason = adds.length + wish.removes.length > 0 ? profile.CHANGE : profile.REFRESH
  const change = { adds, removes: wish.removes, psk: profile.pskOf(room), authenticatedData: profile.authenticate(reason) }
  return mls.commit(by.group, change)
}

/** What every client does with somebody else's commit. Null: it removes this member. */
export async function follow(m: Seated, room: profile.Room, commit: Uint8Array): Promise<Seated | null> {
  const incoming = mls.readCommit(commit)
  await profile.checkCommit(incoming, m.group, m.roster, room)
  const group = await mls.process(m.group, incoming, profile.pskOf(room))
  return group === null ? null : { ...m, group, roster: await profile.rosterOf(group, room, m.roster) }
}

export async function enter(g: Guest, room: profile.Room, welcome: Uint8Array): Promise<Seated> {
  const group = await mls.join(welcome, [g.own], profile.pskOf(room))
  return { ...g, group, roster: await profile.checkJoined(group, room, g.person) }
}

export const baseKey = (group: mls.Group): Promise<Uint8Array> => mls.exporter(group, "SFrame 1.0 Base Key", new Uint8Array(), 32)

/** The epoch authenticator and the base key, in one. */
export const secrets = async (group: mls.Group): Promise<Uint8Array> => concat(mls.authenticator(group), await baseKey(group))
