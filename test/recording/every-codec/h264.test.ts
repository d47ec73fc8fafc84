import { testClip } from './cases.ts';

testClip('h264');
