import { useEffect, useState } from 'preact/hooks'
import { listenToAnnouncements } from '../state/announcements.js'

/** Where announcements are read from by a screen reader. */
export function Announcer () {
  const [text, setText] = useState('')
  useEffect(() => listenToAnnouncements(setText), [])
  return <p id='status' class='visually-hidden' role='status'>{text}</p>
}
