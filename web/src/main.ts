import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Studio } from './lib/studio.svelte';

const target = document.getElementById('app');
if (target) mount(App, { target, props: { studio: new Studio() } });
