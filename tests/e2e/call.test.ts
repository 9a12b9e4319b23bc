/** Two people meet: picture, tone, names and chat both ways, one code, nothing but encrypted frames. */

import assert from "node:assert/strict"
import test from "node:test"
import type { Kind } from "./harness/browsers.ts"
import { codeOf, reads, say } from "./harness/meeting.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const pairs: readonly (readonly [Kind, Kind])[] = [
  ["chromium", "chromium"],
  ["firefox", "firefox"],
  ["chromium", "firefox"],
]

for (const [one, other] of pairs) {
  test(`${one} and ${other} see, hear and read each other`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(one, { number: 3, name: "Ada" })
    const bob = await meeting.guest(other, { number: 5, name: "Bob Ünïcode" })

    for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob Ünïcode")
    await ada.sees(bob)
    await bob.sees(ada)
    await ada.hears(bob)
    await bob.hears(ada)

    await say(ada, "Guten Tag, Bob")
    await reads(bob, "Guten Tag, Bob")
    await say(bob, "Hello Ada ✓")
    await reads(ada, "Hello Ada ✓")

    assert.equal(await codeOf(ada), await codeOf(bob), "both see the same safety code")

    const moderators = await bob.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("[data-person]")]
        .filter((tile) => /Moderator/.test(tile.textContent))
        .map((tile) => tile.dataset["name"]),
    )
    assert.deepEqual(moderators, ["Ada"], "the star is on the tile of the moderator alone")

    for (const person of [ada, bob]) await person.openedAll()

    await bob.click("Leave")
    await ada.seesPeople("Ada")
    await bob.until("is told that the call is over", async () => (await bob.text()).includes("You have left the meeting"))
    await meeting.end()
  })
}
