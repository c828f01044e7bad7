/* The options that every program of Silsila has for its configuration, here for silsila.conf. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

/* `-t`, `-T`, each with or without `-c FILE` (else the home's silsila.conf), and `-E`, which prints the
 * commented example. Returns the exit status, or -1 when argv asks for none of these. */
int config_options(int argc, char **argv);

#endif
