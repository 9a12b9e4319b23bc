import type { VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { Action, State } from "../call/state.ts"
import { t } from "../i18n.ts"
import { Call } from "./call.tsx"
import { Ended, Home } from "./ended.tsx"
import { undecided } from "./lobby.tsx"
import { Button, LinkField, Message, Notices } from "./parts.tsx"
import { Prejoin } from "./prejoin.tsx"
import { Start } from "./start.tsx"
import type { View } from "./view.ts"

/** Everything a person sees, drawn from one state. */
export const App = ({ state, act }: { state: State; act: (a: Action) => void }): VNode => {
  const view: View = { state, act, say: t(state.language) }
  useEffect(() => {
    const root = document.documentElement
    root.lang = state.language
    root.dataset["theme"] = state.theme
  }, [state.language, state.theme])
  const title = pageTitle(view)
  useEffect(() => {
    document.title = title
  }, [title])
  useHeading(state)
  return (
    <>
      <Body {...view} />
      <Notices {...view} />
    </>
  )
}

/**
 * A new page takes the focus to its heading: what was clicked is gone, and a
 * screen reader would say nothing. Not the first page, which nobody came to.
 */
function useHeading({ stage }: State): void {
  const page = stage.at === "start" && stage.links !== null ? "links" : stage.at
  const before = useRef(page)
  useEffect(() => {
    if (before.current === page) return
    before.current = page
    if (document.querySelector("[data-first]") !== null) return // a field that waits to be filled in has it
    const heading = document.querySelector("h1")
    if (heading === null) return
    heading.tabIndex = -1
    heading.focus({ preventScroll: true })
  }, [page])
}

function pageTitle({ state, say }: View): string {
  if (state.stage.at !== "call") return say("app.title")
  const news = state.unread + undecided(state.moderation.lobby).length
  return `${news > 0 ? `(${news}) ` : ""}${say("call.title")} · ${say("app.title")}`
}

const Body = (view: View): VNode => {
  const { stage } = view.state
  switch (stage.at) {
    case "start":
      return <Start view={view} stage={stage} />
    case "bad-link":
      return (
        <Message view={view} title="link.bad" more="link.bad-more">
          <LinkField {...view} />
          <Home {...view} />
        </Message>
      )
    case "prejoin":
      return <Prejoin view={view} stage={stage} />
    case "joining":
      return (
        <Message
          view={view}
          busy
          title={`join.${stage.waiting}`}
          more={`join.${stage.waiting}-more`}
          below={<Notes view={view} notes={stage.notes} />}
        >
          {view.state.masking.required && <p class="mask-rule">{view.say("mask.required")}</p>}
          <Button onClick={() => view.act({ do: "leave" })}>{view.say("leave")}</Button>
        </Message>
      )
    case "call":
      return <Call view={view} reconnecting={stage.connection === "reconnecting"} />
    case "ended":
      return <Ended view={view} why={stage.why} />
  }
}

/** What moderators wrote to somebody who waits. */
const Notes = ({ view, notes }: { view: View; notes: readonly string[] }): VNode => (
  <div class="notes" role="log" aria-label={view.say("join.notes")}>
    {notes.map((note, i) => (
      <p key={i}>
        <b>{view.say("join.note")}</b> <span dir="auto">{note}</span>
      </p>
    ))}
  </div>
)
