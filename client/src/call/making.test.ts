/** What moderators give away: links with rules, links that hold for a time, invitations. */
import assert from "node:assert/strict"
import test from "node:test"
import { equal, toBase64Url } from "../../../e2ee/worker/bytes.ts"
import { parseLink } from "../../../e2ee/worker/link.ts"
import { type Held, hostToken, invitation, marked, newMeeting, renewed, sharedOf, textsOf, ticketOf, withHost } from "./making.ts"
import { DEFAULT_RULES } from "./rules.ts"

const ORIGIN = "https://meet.example"
const parse = async (text: string) => {
  const link = (await parseLink(text))?.link
  assert.ok(link, "no link")
  return link
}

test("a meeting without wishes has the plain links", async () => {
  const { links } = await newMeeting(ORIGIN, DEFAULT_RULES)
  assert.ok(!links.participant.includes("~") && !links.moderator.includes("~"))
  const [p, m] = [await parse(links.participant), await parse(links.moderator)]
  assert.ok(equal(p.secret, m.secret) && equal(p.moderators, m.moderators))
  assert.equal(p.moderator, undefined)
})

test("wishes stand in the moderator link alone, the passphrase only as what was made of it", async () => {
  const host = `h1.${toBase64Url(new Uint8Array(80).fill(7))}`
  const rules = { ...DEFAULT_RULES, lobby: false, passphrase: "Grüße vom Mond", verify: true, unmoderated: "end", host } as const
  const { links } = await newMeeting(ORIGIN, rules)
  assert.ok(!links.participant.includes("~"))
  const { rules: told } = await parse(links.moderator)
  assert.ok(told)
  const { lobby, verify, unmoderated, tickets, chat, share, locked, version } = told.policy
  assert.deepEqual([lobby, verify, unmoderated, tickets, chat, share, locked, version], [false, true, "end", false, true, true, false, 1])
  assert.equal(told.policy.passphrase?.length, 32)
  assert.equal(told.passphrase?.length, 32)
  assert.equal(told.host?.length, 80)
})

test("a link that holds for a time is a ticket for everybody, and the room wants tickets", async () => {
  const { link, links } = await newMeeting(ORIGIN, { ...DEFAULT_RULES, from: 1000, until: 2000 })
  assert.equal(link.rules?.policy.tickets, true)
  const ticket = await ticketOf(await parse(links.participant))
  assert.deepEqual([ticket?.many, ticket?.viewer, ticket?.notBefore, ticket?.notAfter], [true, false, 1000, 2000])
})

test("where only personal invitations are wanted, the common link is none", async () => {
  const { links, link } = await newMeeting(ORIGIN, { ...DEFAULT_RULES, tickets: true, until: 2000 })
  assert.equal(link.rules?.policy.tickets, true)
  assert.equal((await parse(links.participant)).ticket, undefined)
})

test("what cannot be is refused, not made otherwise", async () => {
  await assert.rejects(newMeeting(ORIGIN, { ...DEFAULT_RULES, from: 2000, until: 1000 }))
  await assert.rejects(newMeeting(ORIGIN, { ...DEFAULT_RULES, passphrase: "x".repeat(1025) }))
  await assert.rejects(newMeeting(ORIGIN, { ...DEFAULT_RULES, host: "not a token!" }))
})

const wish = { label: "Anna", viewer: false, once: true, from: null, until: null }

test("an invitation is a ticket of its own in a participant link, with a label that fits", async () => {
  const meeting = await newMeeting(ORIGIN, DEFAULT_RULES)
  const [one, two] = [await invitation(ORIGIN, meeting, wish), await invitation(ORIGIN, meeting, { ...wish, viewer: true, once: false })]
  const [first, second] = [await ticketOf(await parse(one.link)), await ticketOf(await parse(two.link))]
  assert.ok(first && second)
  assert.deepEqual([first.many, first.viewer, second.many, second.viewer], [false, false, true, true])
  assert.ok(equal(first.key, one.ticketKey) && !equal(first.key, second.key))
  assert.equal((await parse(one.link)).moderator, undefined)
  const long = await invitation(ORIGIN, meeting, { ...wish, label: "ü".repeat(100) })
  assert.equal(long.label, "ü".repeat(31))
})

test("only a holder of the moderator link invites", async () => {
  const { shared } = await newMeeting(ORIGIN, DEFAULT_RULES)
  await assert.rejects(invitation(ORIGIN, { link: shared, shared }, wish))
})

test("a personal invitation is not given on, a link for everybody is", async () => {
  const meeting = await newMeeting(ORIGIN, { ...DEFAULT_RULES, until: 2000 })
  const common = await parse(meeting.links.participant)
  assert.ok(sharedOf(common, false, null).ticket)
  assert.equal(sharedOf(common, true, null).ticket, undefined)
})

test("whoever opens the moderator link of the meeting it made still gives away the link for everybody", async () => {
  const meeting = await newMeeting(ORIGIN, { ...DEFAULT_RULES, until: 2000 })
  const other = await newMeeting(ORIGIN, DEFAULT_RULES)
  const opened = await parse(meeting.links.moderator)
  assert.equal(textsOf(ORIGIN, { link: opened, shared: sharedOf(opened, false, meeting.shared) }).participant, meeting.links.participant)
  assert.equal(sharedOf(opened, false, other.shared).ticket, undefined)
  assert.equal(sharedOf(opened, false, null).moderator, undefined, "M is given to nobody")
})

test("after a renewal the copied link is of the new generation, the moderator link stays as it was", async () => {
  const meeting: Held = await newMeeting(ORIGIN, DEFAULT_RULES)
  const before = textsOf(ORIGIN, meeting)
  const generation = { number: 1, secret: new Uint8Array(32).fill(9) }
  const after = textsOf(ORIGIN, renewed(meeting, generation))
  assert.equal(after.moderator, before.moderator)
  assert.deepEqual((await parse(after.participant)).generation, generation)
  const guest: Held = { link: meeting.shared, shared: meeting.shared }
  assert.deepEqual(renewed(guest, generation).link.generation, generation)
})

test("where all faces are masked, whatever is given away says so", async () => {
  const meeting = await newMeeting(ORIGIN, { ...DEFAULT_RULES, masked: true })
  assert.equal((await parse(meeting.links.participant)).masked, true)
  const moderator = await parse(meeting.links.moderator)
  assert.deepEqual([moderator.masked, moderator.rules?.policy.masked], [undefined, true], "a moderator link by its rules alone")
  const personal = await parse((await invitation(ORIGIN, meeting, wish)).link)
  assert.ok(personal.masked && personal.ticket)
  // From each of them follows what the page that opens it gives away.
  assert.equal(sharedOf(moderator, false, null).masked, true)
  assert.equal(sharedOf(personal, true, null).masked, true)
  const timed = await newMeeting(ORIGIN, { ...DEFAULT_RULES, masked: true, until: 2000 })
  const common = await parse(timed.links.participant)
  assert.ok(common.masked && common.ticket)
})

test("the rule goes on and off with the links, and no moderator link changes", async () => {
  const meeting: Held = await newMeeting(ORIGIN, DEFAULT_RULES)
  const before = textsOf(ORIGIN, meeting)
  const on = marked(meeting, true)
  assert.equal(textsOf(ORIGIN, on).moderator, before.moderator)
  assert.equal((await parse(textsOf(ORIGIN, on).participant)).masked, true)
  assert.deepEqual(textsOf(ORIGIN, marked(on, false)), before)
  assert.equal(sharedOf(meeting.link, false, on.shared).masked, true, "this tab knows more than the link that made the room")
  const guest = marked({ link: meeting.shared, shared: meeting.shared }, true)
  assert.deepEqual([guest.link.masked, guest.shared.masked], [true, true], "a page that is reloaded says it again")
})

test("a host token is kept in the moderator link, beside the rules", async () => {
  const token = new Uint8Array(80).fill(3)
  assert.deepEqual(hostToken(` h1.${toBase64Url(token)}\n`), token)
  for (const bad of ["", "h1.", "h1.a", "h1.***", toBase64Url(token), `h1.${toBase64Url(new Uint8Array(129))}`])
    assert.equal(hostToken(bad), null)
  const meeting = await newMeeting(ORIGIN, { ...DEFAULT_RULES, verify: true })
  const linked = await parse(textsOf(ORIGIN, { ...meeting, link: withHost(meeting.link, token) }).moderator)
  assert.deepEqual(linked.rules?.host, token)
  assert.equal(linked.rules?.policy.verify, true)
  const plain = await newMeeting(ORIGIN, DEFAULT_RULES)
  assert.deepEqual((await parse(textsOf(ORIGIN, { ...plain, link: withHost(plain.link, token) }).moderator)).rules?.host, token)
})
