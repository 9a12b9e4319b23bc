/**
 * For the tests of the second implementation: people of the first (e2ee/worker),
 * moved by a program that speaks JSON lines, one order and one answer each.
 * Byte strings are hex. What is refused is answered with the kind of fault.
 */
import { createInterface } from "node:readline"
import type { Policy } from "../../client/src/wire/statements.gen.ts"
import { judge, NO_POLICY, succeeds } from "../../e2ee/worker/admission.ts"
import { type Bytes, equal, fromHex, toHex } from "../../e2ee/worker/bytes.ts"
import {
  EXPORTED_SIZE,
  EXPORTER_LABEL,
  exporterContext,
  follows,
  generationNumber,
  openGeneration,
  sealGeneration,
} from "../../e2ee/worker/generation.ts"
import { deriveRoom, generationKeys, type RoomKeys } from "../../e2ee/worker/link.ts"
import * as mls from "../../e2ee/worker/mls.ts"
import * as profile from "../../e2ee/worker/profile.ts"
import { readSigned, type Said } from "../../e2ee/worker/statement.ts"

/** Signed as the wire has it, in hex. */
interface Signed {
  readonly statement: string
  readonly grant: string
  readonly signature: string
}

type Order =
  | { readonly do: "open"; readonly secret: string; readonly moderators: string; readonly now: number }
  | { readonly do: "rules"; readonly signed: Signed }
  /** Whoever comes from now on has this link. */
  | { readonly do: "link"; readonly number: number; readonly secret: string }
  | { readonly do: "person"; readonly viewer: boolean }
  | { readonly do: "package"; readonly who: string }
  | { readonly do: "found"; readonly who: string }
  /** Removes and adds; with `generation` the commit begins that link generation. */
  | {
      readonly do: "commit"
      readonly who: string
      readonly adds: readonly string[]
      readonly removes: readonly number[]
      readonly admissions: readonly string[]
      readonly generation?: { readonly number: number; readonly secret: string }
    }
  /** The commit that won: its author enters what it made, others follow, newcomers enter by the Welcome. */
  | {
      readonly do: "order"
      readonly author: string
      readonly commit: string
      readonly welcome: string
      readonly followers: readonly string[]
      readonly newcomers: readonly string[]
    }

/** One stay. */
interface Person {
  readonly id: Bytes
  readonly signer: mls.Signer
  readonly identity: Bytes
  own: mls.Own | null
  group: mls.Group | null
  roster: profile.Roster
  generation: number
  pending: mls.Pending | null
  begins: number // generation that the pending commit leads to
}

interface Room {
  readonly keys: RoomKeys
  readonly moderators: Bytes
  readonly now: number
  /** PSKs by generation: whoever comes has the newest link. */
  readonly psks: Map<number, mls.Psk>
  readonly people: Map<string, Person>
  rules: Said<Policy> | null
}

let room: Room | null = null

const bytes = (hex: string): Bytes => {
  const read = fromHex(hex)
  if (read === null) throw new TypeError("hex wanted")
  return read
}

function present(): Room {
  if (room === null) throw new TypeError("a room wanted")
  return room
}

function find(who: string): Person {
  const person = present().people.get(who)
  if (person === undefined) throw new TypeError("a person wanted")
  return person
}

function groupOf(person: Person): mls.Group {
  if (person.group === null) throw new TypeError("a member wanted")
  return person.group
}

function pskOf(generation: number): mls.Psk {
  const psk = present().psks.get(generation)
  if (psk === undefined) throw new mls.MlsError("profile", "a known link generation")
  return psk
}

async function learn(number: number, secret: Uint8Array): Promise<void> {
  const { psk } = await generationKeys(secret)
  present().psks.set(number, { id: profile.pskId(number), secret: psk })
}

/** What all members must agree on. */
async function state(person: Person): Promise<string> {
  const group = groupOf(person)
  const baseKey = await mls.exporter(group, "SFrame 1.0 Base Key", new Uint8Array(), 32)
  const seats = [...person.roster.values()].map((s) => `${s.leaf}:${s.id}:${s.viewer ? 2 : 1}`)
  return [mls.epoch(group), toHex(mls.authenticator(group)), toHex(baseKey), ...seats].join(" ")
}

async function enter(person: Person, group: mls.Group, roster: profile.Roster, generation: number): Promise<string> {
  if (person.group !== null) mls.erase(person.group, group)
  Object.assign(person, { group, roster, generation, pending: null })
  return state(person)
}

async function found(person: Person): Promise<string> {
  const { keys } = present()
  const group = await mls.create(profile.newGroupId(keys.room), await mls.keyPackage(person.identity, person.signer))
  return enter(person, group, await profile.checkJoined(group, keys, person.id), 0)
}

const exported = (group: mls.Group, number: number): Promise<Uint8Array> =>
  mls.exporter(group, EXPORTER_LABEL, exporterContext(number), EXPORTED_SIZE)

async function commit(person: Person, order: Extract<Order, { do: "commit" }>) {
  const group = groupOf(person)
  const adds = await Promise.all(order.adds.map((a) => mls.readKeyPackage(bytes(a))))
  const change = adds.length + order.removes.length > 0 ? profile.CHANGE : profile.REFRESH
  let authenticatedData = profile.authenticate(change, order.admissions.map(bytes))
  person.begins = person.generation
  if (order.generation !== undefined) {
    const next = { number: order.generation.number, secret: bytes(order.generation.secret) }
    const sealed = await sealGeneration(next, await exported(group, next.number), mls.groupId(group))
    authenticatedData = profile.authenticate(profile.ROTATE, [], [], sealed)
    await learn(next.number, next.secret)
    person.begins = next.number
  }
  const made = await mls.commit(group, { adds, removes: order.removes, psk: pskOf(person.begins), authenticatedData })
  await allow(person, mls.readCommit(made.commit))
  person.pending = made
  return { commit: toHex(made.commit), welcome: made.welcome === undefined ? "" : toHex(made.welcome) }
}

/** Every check that is made before a commit is applied; returns the generation it leads to. */
async function allow(person: Person, incoming: mls.Incoming): Promise<number> {
  const { keys, moderators, now, rules } = present()
  const group = groupOf(person)
  const { said, added, removed } = await profile.checkCommit(incoming, group, person.roster, keys, person.generation)
  const coming = (s: profile.Seat) => ({ person: s.person, key: s.signatureKey, viewer: s.viewer })
  const removes = removed.flatMap((leaf) => person.roster.get(leaf) ?? []).map(coming)
  const change = { adds: added.map(coming), removes, admissions: said.a, kicks: said.k }
  const policy = rules?.statement ?? NO_POLICY
  const { verdict } = await judge(change, policy, { room: keys.room, moderators }, now)
  if (verdict !== "ok") throw new mls.MlsError("profile", "people who may come in")
  if (said.g === undefined) return person.generation
  const secret = await exported(group, generationNumber(said.g) ?? 0)
  const next = await openGeneration(said.g, secret, mls.groupId(group))
  if (next === null || !(await follows(next, person.generation, policy.generation))) throw new mls.MlsError("profile", "the next link")
  await learn(next.number, next.secret)
  return next.number
}

/** Follows somebody else's commit; "removed" when it removes this person. */
async function follow(person: Person, wire: Bytes): Promise<string> {
  const incoming = mls.readCommit(wire)
  const generation = await allow(person, incoming)
  const group = await mls.process(groupOf(person), incoming, pskOf(generation))
  if (group !== null) return enter(person, group, await profile.rosterOf(group, present().keys, person.roster), generation)
  mls.erase(groupOf(person))
  person.group = null
  return "removed"
}

async function welcome(person: Person, wire: Bytes): Promise<string> {
  const { keys, psks } = present()
  const { group, psk } = await mls.join(wire, person.own === null ? [] : [person.own], [...psks.values()])
  const roster = await profile.checkJoined(group, keys, person.id)
  const generation = [...psks].find(([, p]) => equal(p.id, psk.id))?.[0] ?? 0
  if (person.own !== null) mls.eraseKeyPackage(person.own, group)
  person.own = null
  return enter(person, group, roster, generation)
}

async function order(o: Extract<Order, { do: "order" }>): Promise<Record<string, string>> {
  const states: Record<string, string> = {}
  const note = async (who: string, what: Promise<string>): Promise<void> => {
    states[who] = await what
  }
  if (o.author !== "") {
    const { pending, begins } = find(o.author)
    if (pending === null) throw new TypeError("a commit on its way wanted")
    const roster = await profile.rosterOf(pending.next, present().keys)
    await note(o.author, enter(find(o.author), pending.next, roster, begins))
  }
  for (const who of o.followers) await note(who, follow(find(who), bytes(o.commit)))
  for (const who of o.newcomers) await note(who, welcome(find(who), bytes(o.welcome)))
  return states
}

async function person(viewer: boolean): Promise<object> {
  const { keys, people } = present()
  const id = crypto.getRandomValues(new Uint8Array(16))
  const signer = await mls.signer()
  const role = viewer ? profile.VIEWER : profile.PARTICIPANT
  const identity = await profile.identityOf(keys.leafMac, id, signer.publicKey, role)
  const one: Person = { id, signer, identity, own: null, group: null, roster: new Map(), generation: 0, pending: null, begins: 0 }
  people.set(toHex(id), one)
  return { id: toHex(id), key: toHex(signer.publicKey) }
}

async function open(o: Extract<Order, { do: "open" }>): Promise<object> {
  const moderators = bytes(o.moderators)
  const keys = await deriveRoom({ secret: bytes(o.secret), moderators })
  room = { keys, moderators, now: o.now, psks: new Map([[0, profile.pskOf(keys)]]), people: new Map(), rules: null }
  return { room: toHex(keys.room) }
}

async function rules({ signed }: Extract<Order, { do: "rules" }>): Promise<object> {
  const { keys, moderators, now } = present()
  const { statement, grant, signature } = signed
  const read = await readSigned({ statement, grant: bytes(grant), signature: bytes(signature) }, { room: keys.room, moderators }, now)
  if (read?.statement.t !== "policy") return { holds: false }
  const policy = { statement: read.statement, grant: read.grant }
  const holds = await succeeds(policy, present().rules)
  if (holds) present().rules = policy
  return { holds }
}

async function take(o: Order): Promise<object> {
  switch (o.do) {
    case "open":
      return open(o)
    case "rules":
      return rules(o)
    case "link":
      await learn(o.number, bytes(o.secret))
      return {}
    case "person":
      return person(o.viewer)
    case "package": {
      const one = find(o.who)
      one.own = await mls.keyPackage(one.identity, one.signer)
      return { keyPackage: toHex(one.own.message) }
    }
    case "found":
      return { states: { [o.who]: await found(find(o.who)) } }
    case "commit":
      return commit(find(o.who), o)
    case "order":
      return { states: await order(o) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await take(JSON.parse(line) as Order).catch((e: unknown) => ({ fault: e instanceof mls.MlsError ? e.fault : String(e) }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
