import assert from "node:assert/strict"
import test from "node:test"
import { load } from "./load.ts"

test("what is not what was built is asked for anew, and then refused", async () => {
  const asked: string[] = []
  const get = (async (url: string, how: RequestInit) => {
    asked.push(`${url} ${how.cache}`)
    return new Response("something else")
  }) as typeof fetch
  await assert.rejects(load(() => undefined, get))
  assert.ok(asked.includes("/mask-ultraface.onnx force-cache") && asked.includes("/mask-ultraface.onnx reload"))
})

test("what cannot be had is refused", async () => {
  const get = (async () => new Response("", { status: 404 })) as typeof fetch
  await assert.rejects(load(() => undefined, get))
  const broken = (async () => {
    throw new TypeError("no network")
  }) as typeof fetch
  await assert.rejects(load(() => undefined, broken))
})
