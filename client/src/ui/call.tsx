import type { VNode } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import type { Encryption, Links, PersonId } from "../call/state.ts"
import { Bars } from "./bars.tsx"
import { Chat, type Recipient } from "./chat.tsx"
import { Code } from "./code.tsx"
import { Drawn } from "./icons.tsx"
import { Brand, Button } from "./parts.tsx"
import { People } from "./people.tsx"
import { Settings } from "./settings.tsx"
import { pressed, shortcut, shortcutsOn } from "./shortcuts.ts"
import { Stage } from "./stage.tsx"
import { PanelButton, Toolbar } from "./toolbar.tsx"
import type { View } from "./view.ts"

/** The call: everybody, the controls, and at most one panel. */
export const Call = ({ view, reconnecting }: { view: View; reconnecting: boolean }): VNode => {
  const { state, say } = view
  useKeys(view)
  const [to, setTo] = useState<Recipient | null>(null)
  const write = (person: PersonId): void => {
    setTo({ person, name: state.tiles.find((tile) => tile.person === person)?.name ?? "" })
    view.act({ do: "panel", panel: "chat" })
  }
  const { lobby, present, rules } = state.moderation
  const alone = state.tiles.every((tile) => tile.self) && lobby.length === 0 && present && !rules.locked // or nobody could come
  return (
    <div class="call" data-panel={state.panel}>
      <header class="topbar">
        <Brand />
        <Sign {...view} />
        {state.devices.screen === "on" && (
          <p class="sharing">
            <Drawn icon="screen" />
            <span>{say("call.sharing")}</span>
          </p>
        )}
        <div class="tools">
          <PanelButton view={view} panel="code" icon="shield" name={say("code.title")} />
          <PanelButton view={view} panel="settings" icon="sliders" name={say("set.title")} />
        </div>
      </header>
      <main class="middle">
        <h1 class="spoken">{say("call.title")}</h1>
        <Bars view={view} reconnecting={reconnecting} />
        <Stage {...view} />
        {alone && !reconnecting && <Alone {...view} links={state.links} />}
      </main>
      <OpenPanel view={view} to={to} onTo={setTo} onWrite={write} />
      <Toolbar {...view} />
    </div>
  )
}

/** Single keys, for as long as the call is shown. */
function useKeys(view: View): void {
  const latest = useRef(view)
  latest.current = view
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { state, act } = latest.current
      if (event.key === "Escape" ? document.querySelector(":popover-open") !== null : !shortcutsOn()) return
      const action = shortcut(state, pressed(event))
      if (action === null) return
      event.preventDefault() // or the letter would be typed into the field that the panel focuses
      act(action)
    }
    document.addEventListener("keydown", onKey)
    return () => document.removeEventListener("keydown", onKey)
  }, [])
}

const icons = { encrypted: "lock", securing: "shield", broken: "warning" } as const satisfies Record<Encryption, string>

/** Always there, and without a switch: whether what is said stays between the people here. */
const Sign = ({ state, act, say }: View): VNode => (
  <div class="sign-holder" role="status">
    <button
      type="button"
      class="encryption"
      data-encryption={state.encryption}
      onClick={() => act({ do: "panel", panel: state.panel === "code" ? "none" : "code" })}
    >
      <Drawn icon={icons[state.encryption]} />
      {say(`encryption.${state.encryption}`)}
    </button>
  </div>
)

const Alone = ({ state, links, act, say }: View & { links: Links | null }): VNode => {
  const { tickets } = state.moderation.rules
  return (
    <div class="alone">
      <p>
        <b>{say("call.alone")}</b> {links !== null && say(tickets ? "people.invite-tickets" : "call.alone-more")}
      </p>
      {links !== null && !tickets && (
        <Button kind="main" icon="copy" onClick={() => act({ do: "copy", text: links.participant })}>
          {say("copy.link")}
        </Button>
      )}
      {links !== null && tickets && state.moderation.holder && state.panel !== "people" && (
        <Button kind="main" icon="people" onClick={() => act({ do: "panel", panel: "people" })}>
          {say("people.invite")}
        </Button>
      )}
    </div>
  )
}

interface OpenProps {
  readonly view: View
  readonly to: Recipient | null
  readonly onTo: (to: Recipient | null) => void
  readonly onWrite: (person: PersonId) => void
}

const OpenPanel = ({ view, to, onTo, onWrite }: OpenProps): VNode | null => {
  switch (view.state.panel) {
    case "none":
      return null
    case "chat":
      return <Chat view={view} to={to} onTo={onTo} key="chat" />
    case "people":
      return <People view={view} onWrite={onWrite} key="people" />
    case "code":
      return <Code {...view} key="code" />
    case "settings":
      return <Settings {...view} key="settings" />
  }
}
