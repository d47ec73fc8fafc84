import { render } from 'preact';
import { keepUpToDate } from './model/streams.ts';
import { ConsoleFrame } from './pages/console-frame.tsx';

render(<ConsoleFrame />, document.getElementById('console')!);
keepUpToDate();
