/** Somebody who is to be covered entirely: others decode no part of them, and read that it is so. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { facing } from "./harness/faced.ts"
import { figuring } from "./harness/figure.ts"
import { turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** The most that is shown of the person in so many pictures of the room. */
async function shown(by: Person, pictures: number): Promise<number> {
  let [open, most] = [0, 0]
  await by.until(`sees ${pictures} pictures of the room`, async () => {
    const now = await by.page.evaluate(() => window.figure.take())
    open += now.open
    most = Math.max(most, now.most)
    return open >= pictures
  })
  return most
}

const wishes = (): void => {
  if (navigator.mediaDevices !== undefined)
    sessionStorage.setItem("paravent", JSON.stringify({ masking: { strength: "body", fill: "pattern", background: "none" } }))
}

for (const kind of KINDS) {
  test(`${kind} covers somebody entirely, and others read it`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 95, name: "Ada", scripts: [figuring()] }, {})
    const bob = await meeting.guest(kind, { number: 96, name: "Bob", scripts: [facing(), `(${wishes.toString()})()`] }, {})
    await ada.page.evaluate(() => window.figure.watch("Bob"))
    await turn(bob, "camera", true)
    const most = await shown(ada, 60)
    assert.ok(most < 0.01, `${Math.round(1000 * most) / 10} % of the person are shown`)
    await ada.until("reads it", async () =>
      (await ada.page.$eval('.tile[data-name="Bob"]', (e) => e.textContent)).includes("Person covered automatically"),
    )
    await bob.click("Mask faces")
    await bob.click("Stop masking")
    await ada.until("sees the person", async () => (await ada.page.evaluate(() => window.figure.take())).most > 0.5)
    await meeting.end()
  })
}
