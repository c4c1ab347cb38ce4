// SPDX-License-Identifier: MIT
import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './lib/theme.svelte';
import App from './App.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
