import 'uplot/dist/uPlot.min.css'
import './styles/page.css'
import { render } from 'preact'
import { App } from './app.js'

const place = document.getElementById('page')
if (place === null) throw new Error('The document has no place for the page.')
render(<App />, place)
