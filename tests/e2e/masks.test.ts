/** Masks and zones as a person uses them, by mouse, finger and keyboard; on the gallery, where every state can be had. */

import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import type { Page } from "puppeteer-core"
import { DESKTOP, Gallery } from "./harness/gallery.ts"
import { PAGE_MS, until } from "./harness/wait.ts"

let gallery: Gallery
let page: Page

before(async () => {
  gallery = await Gallery.open()
  page = gallery.page
})

after(() => gallery?.close())

interface Drawn {
  readonly do: string
  readonly change: {
    readonly zones: { readonly zones: readonly { readonly corners: readonly { readonly x: number; readonly y: number }[] }[] }
  }
}

/** The corners of the newest zone as it was last drawn, in the picture as it is sent, in per cent. */
async function corners(): Promise<number[][] | undefined> {
  const drawn = (await gallery.done())
    .map((text) => JSON.parse(text) as Drawn)
    .findLast((action) => action.do === "treat" && "zones" in action.change)
  return drawn?.change.zones.zones.at(-1)?.corners.map(({ x, y }) => [Math.round(x * 100), Math.round(y * 100)])
}

async function openZones(): Promise<void> {
  await page.setViewport(DESKTOP)
  await gallery.visit("mask-on")
  await page.click(".masks > summary")
  await page.click(".zones-field .button")
  await page.waitForSelector("dialog[open] .zones-stage video")
}

test("masks come off only after it was seen what that means, and Escape goes back", async () => {
  await page.setViewport(DESKTOP)
  await gallery.visit("mask-on")
  const open = (): Promise<boolean> => page.$("dialog[open]").then((dialog) => dialog !== null)
  await page.focus("[aria-label='Mask faces']")
  await page.keyboard.press("Enter")
  await until("it asks", open, PAGE_MS)
  await until("the answer has the focus", () => page.evaluate(() => document.activeElement?.textContent === "Stop masking"), PAGE_MS)
  await page.keyboard.press("Escape")
  await until("it is closed", async () => !(await open()), PAGE_MS)
  await until("the button has the focus again", async () => (await gallery.focused()) === "Mask faces", PAGE_MS)
  assert.deepEqual(await gallery.done(), [])
  await page.keyboard.press("Enter")
  await until("it asks again", () => page.evaluate(() => document.activeElement?.textContent === "Stop masking"), PAGE_MS)
  await page.keyboard.press("Enter")
  await until("it is closed again", async () => !(await open()), PAGE_MS)
  assert.deepEqual(await gallery.done(), ['{"do":"treat","change":{"strength":"off"}}'])
  await page.click("[aria-label='Mask faces']")
  assert.equal((await gallery.done()).at(-1), '{"do":"treat","change":{"strength":"faces"}}', "putting them on needs no question")
})

test("where the room wants masks, off is not offered", async () => {
  await gallery.visit("settings-masked")
  await page.click("[aria-label='Mask faces']")
  assert.equal(await page.$("dialog[open]"), null)
  assert.deepEqual(await page.$$eval("[name=mask-strength]", (all) => all.map((field) => (field as HTMLInputElement).disabled)), [
    false,
    false,
    true,
  ])
})

test("zones by keyboard: added, moved as they are seen, resized, a corner of them, and deleted", async () => {
  await openZones()
  await page.focus(".zones-tools .row .button")
  await page.keyboard.press("Enter")
  const on = (what: string, name: RegExp): Promise<unknown> => until(what, async () => name.test(await gallery.focused()), PAGE_MS)
  await on("the new zone has the focus", /^Zone 1:/)
  assert.deepEqual(await corners(), [
    [65, 35],
    [35, 35],
    [35, 65],
    [65, 65],
  ])
  await page.keyboard.press("ArrowLeft")
  // To the left in the mirror is to the right in the picture.
  assert.deepEqual((await corners())?.[0], [67, 35])
  await page.keyboard.down("Shift")
  await page.keyboard.press("ArrowDown")
  await page.keyboard.up("Shift")
  assert.deepEqual((await corners())?.[2], [37, 67])
  await page.keyboard.press("Tab")
  await on("a corner has it", /^Zone 1, corner 1 of 4$/)
  await page.keyboard.press("ArrowUp")
  assert.deepEqual((await corners())?.[0], [67, 33])
  await page.keyboard.press("Delete")
  await on("the zone has it again", /^Zone 1:/)
  assert.equal((await corners())?.length, 3)
  await page.keyboard.press("Delete")
  await until("it is gone", async () => (await corners()) === undefined, PAGE_MS)
  await page.keyboard.press("Escape")
  await until("the editor is closed", async () => (await page.$("dialog[open]")) === null, PAGE_MS)
})

test("zones by mouse and finger: dragged, clicked corner by corner, and moved, in the mirror", async () => {
  await openZones()
  const box = async (): Promise<(x: number, y: number) => [number, number]> => {
    const { left, top, width, height } = await page.$eval(".zones-stage", (stage) => stage.getBoundingClientRect().toJSON())
    return (x, y) => [left + x * width, top + y * height]
  }
  let at = await box()
  const drag = async (from: readonly [number, number], to: readonly [number, number]): Promise<void> => {
    await page.mouse.move(...at(...from))
    await page.mouse.down()
    await page.mouse.move(...at(...to), { steps: 3 })
    await page.mouse.up()
  }
  await drag([0.1, 0.2], [0.3, 0.6])
  assert.deepEqual(await corners(), [
    [90, 20],
    [70, 20],
    [70, 60],
    [90, 60],
  ])
  await drag([0.2, 0.4], [0.4, 0.5])
  assert.deepEqual((await corners())?.[0], [70, 30], "a zone that is gripped moves")
  await drag([0.5, 0.7], [0.6, 0.9])
  assert.deepEqual((await corners())?.[2], [40, 90], "its corner alone")
  await page.click("[name=zones-shape]:not(:checked)")
  at = await box()
  for (const corner of [
    [0.7, 0.1],
    [0.9, 0.1],
    [0.8, 0.5],
    [0.7, 0.1],
  ] as const) {
    await page.mouse.click(...at(corner[0], corner[1]))
  }
  assert.deepEqual(await corners(), [
    [30, 10],
    [10, 10],
    [20, 50],
  ])
  await page.click("[name=zones-shape]")
  at = await box()
  const [x, y] = at(0.65, 0.65)
  const finger = await page.touchscreen.touchStart(x, y)
  await finger.move(...at(0.85, 0.95))
  await finger.end()
  await until("a finger draws too", async () => (await corners())?.length === 4, PAGE_MS)
  assert.deepEqual((await corners())?.[0], [35, 65])
})
