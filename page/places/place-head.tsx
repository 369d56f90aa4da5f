import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { announce } from '../state/announcements.js'
import { useOrganisation } from '../state/organisation.js'
import { strings } from '../text/strings.js'

interface PlaceHeadProps {
  /** The place's name in the window's title. */
  title: string
  heading: ComponentChildren
  /** What is in the place, in a few figures. */
  figures?: ComponentChildren
  /** Links to everything that contains the place. */
  way?: ComponentChildren
  actions?: ComponentChildren
  orgKey?: string | undefined
  isReading: boolean
  /** What is announced once the place is shown. */
  said?: string | undefined
  children: ComponentChildren
}

/** The head of every place: its heading has the focus when the place opens, and the window has its title. */
export function PlaceHead ({ title, heading, figures, way, actions, orgKey, isReading, said, children }: PlaceHeadProps) {
  const head = useRef<HTMLHeadingElement>(null)
  const organisation = useOrganisation()
  useEffect(() => { head.current?.focus() }, [])
  useEffect(() => { if (orgKey !== undefined) organisation.setOrgKey(orgKey) }, [orgKey])
  useEffect(() => { document.title = strings.titleOf(title, organisation.orgKey) }, [title, organisation.orgKey])
  useEffect(() => { if (said !== undefined) announce(said) }, [said])
  return (
    <main id='main' aria-busy={isReading}>
      {way}
      <div class='place-head'>
        <div class='heading'>
          <h1 id='heading' tabIndex={-1} ref={head}>{heading}</h1>
          {figures !== undefined && <p class='exact'>{figures}</p>}
        </div>
        {actions !== undefined && <div class='actions'>{actions}</div>}
      </div>
      {children}
    </main>
  )
}
