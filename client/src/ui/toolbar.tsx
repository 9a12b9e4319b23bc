import type { VNode } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import type { Capture, Panel } from "../call/state.ts"
import { Drawn, type Icon } from "./icons.tsx"
import { undecided } from "./lobby.tsx"
import { MaskButton } from "./mask.tsx"
import { Reactions } from "./reactions.tsx"
import { Tool, type ToolProps } from "./tool.tsx"
import { EndForAll } from "./tools.tsx"
import type { View } from "./view.ts"

const look = (capture: Capture): ToolProps["look"] =>
  capture === "denied" || capture === "missing" || capture === "busy" ? "trouble" : capture

const running = (capture: Capture): boolean => capture === "on" || capture === "starting"

export const MicrophoneButton = ({ state, act, say }: View): VNode => {
  const { microphone } = state.devices
  const on = running(microphone)
  return (
    <Tool
      icon={on ? "microphone" : "microphone-off"}
      name={say(on ? "turn.microphone-off" : "turn.microphone-on")}
      label={say("device.microphone")}
      look={look(microphone)}
      shortcut="M"
      onClick={() => act({ do: "microphone", on: !on })}
    />
  )
}

export const CameraButton = ({ state, act, say }: View): VNode => {
  const { camera } = state.devices
  const on = running(camera)
  return (
    <Tool
      icon={on ? "camera" : "camera-off"}
      name={say(on ? "turn.camera-off" : "turn.camera-on")}
      label={say("device.camera")}
      look={look(camera)}
      shortcut="V"
      onClick={() => act({ do: "camera", on: !on })}
    />
  )
}

const canShare = (): boolean => "mediaDevices" in navigator && "getDisplayMedia" in navigator.mediaDevices

const ScreenButton = ({ state, act, say }: View): VNode | null => {
  if (!canShare()) return null
  const on = running(state.devices.screen)
  const name = say(on ? "share.stop" : "share.start")
  return (
    <Tool
      icon={on ? "screen-stop" : "screen"}
      name={name}
      label={name}
      look={on ? "on" : "off"}
      onClick={() => act({ do: "screen", on: !on })}
    />
  )
}

/** Asks to speak; everybody sees whose turn it is. */
const HandButton = ({ state, act, say }: View): VNode => {
  const up = state.moderation.handUp
  return (
    <Tool
      icon="hand"
      name={say(up ? "hand.lower" : "hand.raise")}
      label={say("hand")}
      look={up ? "on" : "off"}
      shortcut="H"
      onClick={() => act({ do: "hand", up: !up })}
    />
  )
}

/**
 * Leaving takes one click. What becomes of a meeting without moderators is told
 * before, as long as the button has the pointer or the focus; a finger that
 * cannot hover sees it with its first tap and leaves with the second.
 */
const LeaveButton = (view: View): VNode => {
  const { state, act, say } = view
  const others = state.tiles.filter((tile) => !tile.self)
  const last = state.moderation.role === "moderator" && others.length > 0 && others.every((tile) => !tile.moderator)
  const place = useRef<HTMLDivElement>(null)
  const [told, setTold] = useState(false)
  useEffect(() => {
    if (!told) return
    const elsewhere = (event: Event): void => {
      if (event.target instanceof Node && place.current?.contains(event.target) === false) setTold(false)
    }
    document.addEventListener("pointerdown", elsewhere)
    return () => document.removeEventListener("pointerdown", elsewhere)
  }, [told])
  // By the finger itself: a machine without a mouse may still be used with one, or with keys.
  const finger = useRef(false)
  const leave = (): void => (last && !told && finger.current ? setTold(true) : act({ do: "leave" }))
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only tells a finger from a mouse; the button does everything
    <div
      class="leaving"
      data-told={told}
      ref={place}
      onPointerDown={(e) => {
        finger.current = e.pointerType === "touch"
      }}
      onKeyDown={() => {
        finger.current = false
      }}
    >
      <Tool icon="leave" name={say("leave")} label={say("leave")} look="leave" {...(last && { about: "leaving-alone" })} onClick={leave} />
      {last && (
        <div class="leaving-words">
          <p id="leaving-alone">{say(`leave.${state.moderation.rules.unmoderated}`)}</p>
          <EndForAll {...view} />
        </div>
      )}
    </div>
  )
}

interface PanelProps {
  readonly view: View
  readonly panel: Exclude<Panel, "none">
  readonly icon: Icon
  readonly name: string
  readonly unread?: number
  readonly about?: string // id of what the number means
  readonly shortcut?: string
}

/** Opens and closes a panel; the panel gives the focus back to it (panel.tsx). */
export const PanelButton = ({ view, panel, icon, name, unread = 0, about, shortcut }: PanelProps): VNode => {
  const open = view.state.panel === panel
  return (
    <button
      type="button"
      id={`open-${panel}`}
      class="tool"
      data-look={open ? "open" : "off"}
      aria-expanded={open}
      aria-keyshortcuts={shortcut}
      aria-label={name}
      aria-describedby={unread > 0 ? about : undefined}
      onClick={() => view.act({ do: "panel", panel: open ? "none" : panel })}
    >
      {/* The number is drawn by the style sheet: the button is called "Chat", with or without it. */}
      <span class="tool-face" data-unread={unread > 99 ? "99+" : unread || undefined}>
        <Drawn icon={icon} />
      </span>
      <span class="tool-label">{name}</span>
    </button>
  )
}

/** What one does most in a call. */
export const Toolbar = (view: View): VNode => {
  const { state, say } = view
  const { role } = state.moderation
  const waiting = undecided(state.moderation.lobby).length
  return (
    <section class="toolbar" aria-label={say("call.controls")}>
      {role !== "viewer" && (
        <div class="tools">
          <MicrophoneButton {...view} />
          <CameraButton {...view} />
          <MaskButton {...view} />
          <ScreenButton {...view} />
        </div>
      )}
      <div class="tools">
        <HandButton {...view} />
        <Reactions {...view} />
      </div>
      <div class="tools">
        <PanelButton view={view} panel="chat" icon="chat" name={say("chat.open")} unread={state.unread} about="unread" shortcut="C" />
        <PanelButton view={view} panel="people" icon="people" name={say("people.title")} unread={waiting} about="waiting" shortcut="P" />
      </div>
      <div class="tools">
        <LeaveButton {...view} />
      </div>
      {/* Read out when a message comes while the chat is closed. */}
      <span id="unread" class="spoken" role="status">
        {state.unread > 0 && say("chat.unread.other", { n: state.unread })}
      </span>
      <span id="waiting" class="spoken">
        {waiting > 0 && say("bar.knock.other", { n: waiting })}
      </span>
    </section>
  )
}
