/** Somebody who was not admitted and a server that lies: a group of their own, and whoever is lured into it. */
import assert from "node:assert/strict"
import test from "node:test"
import type { Page } from "./group-kit.ts"
import { deriveRoom } from "./link.ts"
import * as mls from "./mls.ts"
import { type Guest, guest } from "./mls-kit.ts"
import type { FromGroup, Link } from "./port.ts"
import * as profile from "./profile.ts"
import { Room } from "./room-kit.ts"

const count = (page: Page, on: FromGroup["on"]): number => page.told.filter((m) => m.on === on).length

/** A group of somebody who has the link, with `page` in it by the KeyPackage that it last gave out. */
async function lure(link: Link, own: Guest, keyPackage: Uint8Array) {
  const keys = await deriveRoom(link)
  const group = await mls.create(profile.newGroupId(keys.room), own.own)
  const adds = [await mls.readKeyPackage(keyPackage)]
  return mls.commit(group, { adds, removes: [], psk: profile.pskOf(keys), authenticatedData: profile.authenticate(profile.CHANGE) })
}

async function lured(page: Page, link: Link, own: Guest): Promise<boolean> {
  const epochs = count(page, "epoch")
  await page.take({ do: "key-package" }) // as after a commit that nobody can follow
  const made = await lure(link, own, page.last("key-package")?.keyPackage ?? assert.fail())
  await page.take({ do: "welcome", epoch: 1, welcome: made.welcome ?? assert.fail() })
  return count(page, "epoch") > epochs
}

test("whoever has been in the group follows no stranger into another", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  for (const page of [ada, bob]) {
    const before = await page.print()
    assert.equal(await lured(page, link, await guest(await deriveRoom(link))), false)
    assert.equal(await page.print(), before, "it stays where it is")
    assert.equal(page.keys.at(-1)?.epoch, room.epoch)
  }
})

test("nor once the server has said that the group is given up; and it does not try for ever", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  await bob.take({ do: "disband" })
  const mallory = await guest(await deriveRoom(link))
  for (let i = 0; i < 4; i++) assert.equal(await lured(bob, link, mallory), false)
  assert.ok(bob.last("fault"), "it says that something is wrong")
  assert.equal(bob.keys.at(-1)?.epoch, -1)
})

test("people who were admitted meanwhile may invite", async () => {
  const { room, ada, link } = await Room.open()
  const [bob, cleo] = [await room.bring(ada, link, "Bob"), await room.bring(ada, link, "Cleo")]
  await bob.take({ do: "disband" })
  const dora = await room.bring(ada, link, "Dora") // Bob hears that she is admitted
  await bob.take({ do: "key-package" })
  const present = room.members.filter((p) => p !== bob)
  assert.ok(present.includes(cleo) && present.includes(dora))
  room.waiting.set(bob, bob.last("key-package")?.keyPackage ?? assert.fail())
  await room.nominate(dora)
  assert.equal(await bob.print(), await dora.print())
})

test("somebody barred invites nobody, not even a newcomer who knows the rules", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  const cleo = await room.come(link, "Cleo")
  await room.order(ada, { order: "remove", person: bob.id })
  const { seed } = bob.last("policy")?.stay ?? assert.fail()
  const signer = await mls.signer(seed)
  const identity = await profile.identityOf((await deriveRoom(link)).leafMac, bob.person, signer.publicKey)
  const own = { person: bob.person, signer, identity, own: await mls.keyPackage(identity, signer) }
  assert.equal(await lured(cleo, link, own), false)
  assert.equal(await lured(cleo, link, await guest(await deriveRoom(link))), true, "what it cannot know: PROTOCOL.md, Apart")
})
