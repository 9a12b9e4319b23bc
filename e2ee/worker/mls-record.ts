/**
 * Writes e2ee/vectors/mls.json: one member's view of a group under the profile,
 * with everything it needs to follow and what it must refuse on the way. Run by
 * hand when the profile changes; every run gives other vectors.
 */
import { writeFileSync } from "node:fs"
import type { Statement } from "../../client/src/wire/statements.gen.ts"
import { concat, toHex } from "./bytes.ts"
import { sign, signingPair } from "./derive.ts"
import { makeGrant } from "./grant.ts"
import { deriveModerator, deriveRoom, hashModerators } from "./link.ts"
import * as mls from "./mls.ts"
import {
  baseKey,
  commitOf,
  enter,
  follow,
  forge,
  forgePath,
  founder,
  type Guest,
  guest,
  inline,
  pskProposal,
  roomOf,
  type Seated,
  type Wish,
} from "./mls-kit.ts"
import * as profile from "./profile.ts"
import { entryOf, signStatement } from "./statement.ts"

const fill = 7
const moderator = await deriveModerator(new Uint8Array(32).fill(fill))
const moderators = await hashModerators(moderator.signature.publicKey, moderator.kem.publicKey)
const room = await deriveRoom({ secret: new Uint8Array(32).fill(fill), moderators })
const psk = profile.pskOf(room)
const steps: object[] = []

/** Everybody in the group; the listener is one of them. */
let members: Seated[] = [await founder(room)]
const listener = await guest(room)

const at = (leaf: number): Seated => {
  const found = members.find((m) => mls.ownLeaf(m.group) === leaf)
  if (found === undefined) throw new Error("nobody there")
  return found
}

async function agreed(group: mls.Group): Promise<object> {
  return {
    epoch: Number(mls.epoch(group)),
    authenticator: toHex(mls.authenticator(group)),
    baseKey: toHex(await baseKey(group)),
    members: mls.members(group).map((m) => [m.index, toHex(m.identity.subarray(1, 17))]),
  }
}

/** The member at leaf `by` commits; everybody follows. */
async function step(
  name: string,
  by: number,
  adds: readonly Guest[],
  leaves: readonly number[],
  entries: Pick<Wish, "admissions" | "kicks"> = {},
): Promise<Uint8Array> {
  const author = at(by)
  const made = await commitOf(author, room, { adds, removes: leaves, ...entries })
  const staying = members.filter((m) => m !== author && !leaves.includes(mls.ownLeaf(m.group)))
  const followed = (await Promise.all(staying.map((m) => follow(m, room, made.commit)))).filter((m) => m !== null)
  const entered = await Promise.all(adds.map((g) => enter(g, room, made.welcome ?? new Uint8Array())))
  const roster = await profile.rosterOf(made.next, room, author.roster)
  members = [{ ...author, group: made.next, roster }, ...followed, ...entered]
  const removed = leaves.some((l) => l === mls.ownLeaf(author.group)) || !members.some((m) => m.person === listener.person)
  steps.push({ verdict: removed ? "removed" : "ok", name, commit: toHex(made.commit), ...(removed ? {} : await agreed(made.next)) })
  return made.welcome ?? new Uint8Array()
}

const refuse = (name: string, fault: mls.MlsError["fault"], commit: Uint8Array) =>
  steps.push({ verdict: fault, name, commit: toHex(commit) })
const guests = (n: number): Promise<Guest[]> => Promise.all(Array.from({ length: n }, () => guest(room)))

const [one, three] = await guests(2)
if (one === undefined || three === undefined) throw new Error("no guests")
const welcome = await step("the listener comes in at leaf 2", 0, [one, listener, three], [])
steps.pop()
const joined = await agreed(at(0).group)
await step("an empty commit", 3, [], [])
const remove = { proposalType: "remove", remove: { removed: 1 } } as const
refuse("a Remove without a path", "profile", await forge(at(0), { proposals: inline(remove, pskProposal(psk)), psks: [psk] }))
refuse("a Remove without a psk", "profile", await forgePath(at(0), { proposals: inline(remove) }))
const later = profile.pskOf(room, 1)
refuse("the psk of another generation", "profile", await forgePath(at(0), { proposals: inline(remove, pskProposal(later)), psks: [later] }))
refuse("an external commit", "profile", await forge(at(0), { proposals: inline(pskProposal(psk)), outside: true }))
const stranger = await mls.readKeyPackage((await guest(await roomOf(fill + 1))).own.message)
const add = { proposalType: "add", add: { keyPackage: stranger.package } } as const
refuse("a leaf of another link", "profile", await forge(at(0), { proposals: inline(add, pskProposal(psk)), psks: [psk] }))
await step("the left half empties: the filtered direct path ends below the root", 3, [], [0, 1])
await step("once more below a blank root", 3, [], [])

// A moderator, who signs for the newcomers and against one of them.
const chair = await signingPair(new Uint8Array(32).fill(fill + 1))
const notAfter = 4_000_000_000_000
const grant = await makeGrant(moderator, room.room, { person: new Uint8Array(16).fill(fill), key: chair.publicKey, notAfter })
const said = async (statement: Statement): Promise<Uint8Array> =>
  entryOf(await signStatement(statement, grant, (input) => sign(chair.privateKey, input), room.room))
const five = [...(await guests(4)), await guest(room, profile.VIEWER)]
const people = five.map((g, i) => ({ person: g.person, key: g.signer.publicKey, viewer: i === 4 }))
const admission = await said({ t: "admit", seq: 1, until: notAfter, people })
await step("five come, one of them a viewer, each of them admitted; without a path", 3, five, [], { admissions: [admission] })
const first = five[0]?.person ?? new Uint8Array(16)
const gone = mls.members(at(3).group).find((m) => toHex(m.identity.subarray(1, 17)) === toHex(first))?.index ?? 0
const kick = await said({ t: "remove", seq: 2, person: first, how: "ban" })
await step("one of them is put out, as a moderator said", 3, [], [gone], { kicks: [kick] })
await step("another comes in its place", 3, await guests(1), [])
const [promoted] = await guests(1)
if (promoted === undefined) throw new Error("no guest")
const role = concat(Uint8Array.of(profile.VIEWER), promoted.identity.subarray(1))
const posing = await mls.readKeyPackage((await mls.keyPackage(role, promoted.signer)).message)
const pose = { proposalType: "add", add: { keyPackage: posing.package } } as const
refuse("a participant's leaf that says viewer", "profile", await forge(at(3), { proposals: inline(pose, pskProposal(psk)), psks: [psk] }))
const begins = profile.authenticate(profile.ROTATE, [], [], new Uint8Array(64))
refuse(
  "a new link in a commit with the psk of the present one",
  "profile",
  await forgePath(at(3), { proposals: inline(pskProposal(psk)), psks: [psk], authenticatedData: begins }),
)
const again = at(3)
const back: Guest = { ...again, own: await mls.keyPackage(again.identity, again.signer) }
const [early, signed] = [await commitOf(at(3), room, { adds: [], removes: [] }), await commitOf(at(3), room, { adds: [], removes: [] })]
await step("leaf 3 loses its state and comes back", 0, [back], [3])
refuse("a commit of the epoch before", "epoch", early.commit)
const turned = signed.commit.slice()
turned[turned.length - 1] = (turned.at(-1) ?? 0) ^ 1
refuse("a commit with a bit turned", "epoch", turned)
const unsigned = (await commitOf(at(1), room, { adds: [], removes: [] })).commit.slice()
unsigned[unsigned.length - 1] = (unsigned.at(-1) ?? 0) ^ 1
refuse("a wrong membership tag", "invalid", unsigned)
await step("a leaf changes hands in one commit", 4, await guests(1), [1])
await step("one goes, three come", 6, await guests(3), [5])
await step(
  "most go",
  1,
  [],
  mls
    .members(at(1).group)
    .map((m) => m.index)
    .filter((leaf) => leaf > 3),
)
await step("an empty commit by the neighbour", 3, [], [])
refuse("bytes after the end", "malformed", concat(signed.commit, Uint8Array.of(0)))
await step("the listener is removed", 0, [], [2])

const { person, signer, own } = listener
const vectors = {
  about: "One member's stay in a group (PROTOCOL.md, Group): a Welcome, then commits, each with the verdict the member comes to.",
  link: { secret: toHex(new Uint8Array(32).fill(fill)), moderators: toHex(moderators) },
  person: toHex(person),
  signatureKey: toHex(signer.publicKey),
  signaturePrivate: toHex(signer.privateKey.subarray(-32)),
  keyPackage: toHex(own.message),
  initPrivate: toHex(own.secrets.initPrivateKey),
  leafPrivate: toHex(own.secrets.hpkePrivateKey),
  welcome: toHex(welcome),
  joined,
  steps,
}
writeFileSync("e2ee/vectors/mls.json", `${JSON.stringify(vectors, undefined, 1)}\n`)
