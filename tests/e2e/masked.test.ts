/** What is said of a masked camera: the sign on the tile, and the rule that everybody's is masked. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { facing } from "./harness/faced.ts"
import { seen } from "./harness/facing.ts"
import { ask, inCall, turn } from "./harness/meeting.ts"
import { copying, rule, told } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const SIGN = "Face masked automatically"

const ALL = "In this meeting all faces are masked."
const ALL_WAITING = "In this meeting faces are masked. Without a mask the camera stays off."

const watch = (by: Person, name: string): Promise<void> => by.page.evaluate((whom) => window.faced.watch(whom), name)

/** Looks at the picture before the call, which has no name of its own to be watched by. */
async function preview(by: Person): Promise<void> {
  await by.page.$eval(".preview", (e) => e.setAttribute("data-name", "preview"))
  await watch(by, "preview")
}

/** Waits until somebody's tile says that the face is masked, or says so no more. */
const signed = (by: Person, name: string, is: boolean): Promise<true> =>
  by.until(`${is ? "reads" : "no longer reads"} that ${name} is masked`, async () => {
    const tile = await by.page.$(`.tile[data-name="${name}"]`)
    const says = await tile?.evaluate((e, words) => e.textContent?.includes(words), SIGN)
    return says === is ? true : undefined
  })

for (const kind of KINDS) {
  test(`others read that a camera in ${kind} is masked, for as long as it is`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 71, name: "Ada", scripts: [facing()] }, {})
    const bob = await meeting.guest(kind, { number: 72, name: "Bob", scripts: [facing()] }, {})
    await watch(ada, "Bob")
    await bob.click("Mask faces")
    await signed(ada, "Bob", false)
    await turn(bob, "camera", true)
    await signed(ada, "Bob", true)
    assert.equal((await seen(ada, 10)).exposed, 0)
    await bob.click("Mask faces")
    await bob.click("Stop masking")
    await signed(ada, "Bob", false)
    await ada.until("sees the face", async () => (await ada.page.evaluate(() => window.faced.take())).exposed > 0)
    await signed(ada, "Bob", false)
    await meeting.end()
  })

  test(`where all are to be masked, ${kind} sends no face any more, nor one of somebody who comes later`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 73, name: "Ada", scripts: [facing()] }, {})
    const bob = await meeting.guest(kind, { number: 74, name: "Bob", scripts: [facing()] }, {})
    await watch(ada, "Bob")
    await turn(bob, "camera", true)
    assert.ok((await seen(ada, 10)).exposed >= 10, "a face that is not masked is seen")
    await rule(ada, "Mask all participants")
    await told("Ada: cameras send only masked faces from now on", bob)
    await signed(ada, "Bob", true)
    await ada.page.evaluate(() => window.faced.take())
    assert.equal((await seen(ada, 20)).exposed, 0)

    await watch(ada, "Cleo")
    const cleo = await meeting.arrive(kind, { number: 75, name: "Cleo", scripts: [facing()] })
    await meeting.enter(cleo, { camera: true })
    await signed(ada, "Cleo", true)
    assert.equal((await seen(ada, 20)).exposed, 0)
    await meeting.end()
  })

  test(`a link that was copied while all are masked says so before joining, and ${kind} masks from there on`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 76, name: "Ada", scripts: [facing()] }, {})
    const plain = await copying(ada, () => ada.click("Copy link"))
    await rule(ada, "Mask all participants")
    await told("Ada: cameras send only masked faces from now on", ada)
    const marked = await copying(ada, () => ada.click("Copy link"))
    assert.equal(marked, `${plain}~mAQ`)

    const cleo = await meeting.arrive(kind, { number: 77, name: "Cleo", scripts: [facing()] })
    await cleo.open(plain)
    await turn(cleo, "camera", true)
    await preview(cleo)
    await cleo.until("sees the face", async () => (await cleo.page.evaluate(() => window.faced.take())).exposed > 0)
    assert.ok(!(await cleo.text()).includes(ALL), "a link of before says nothing")
    await turn(cleo, "camera", false)
    await cleo.open(marked)
    await told(ALL, cleo)
    const strengths = await cleo.page.$$eval("input[name=mask-strength]", (all) => all.map((e) => [e.checked, e.disabled].join()))
    assert.deepEqual(strengths, ["true,false", "false,false", "false,true"], "faces, body, off")
    await turn(cleo, "camera", true)
    await preview(cleo)
    await cleo.page.evaluate(() => window.faced.take())
    await cleo.click("Mask faces")
    assert.equal((await seen(cleo, 10)).exposed, 0)
    assert.equal(await cleo.has("button", "Stop masking"), false, "the mask is not to be taken off")
    assert.deepEqual(await cleo.sent(), [], "the server was asked nothing")

    await watch(ada, "Cleo")
    await ask(cleo, {})
    await told(ALL_WAITING, cleo)
    await meeting.admit(cleo)
    await inCall(cleo)
    await signed(ada, "Cleo", true)
    assert.equal((await seen(ada, 20)).exposed, 0)

    await rule(ada, "Mask all participants")
    await told("Ada: faces need not be masked any more", ada)
    assert.equal(await copying(ada, () => ada.click("Copy link")), plain)
    const dora = await meeting.arrive(kind, { number: 78, name: "Dora" })
    await dora.open(marked)
    await told(ALL, dora)
    await ask(dora, {})
    await meeting.admit(dora)
    await inCall(dora)
    await told("This meeting does not mask all faces any more", dora)
    await dora.click("Mask faces")
    await dora.click("Stop masking")
    await meeting.end()
  })
}
