@echo off
rem The same words as the Makefile: make app, make test, make check, make bench.
setlocal
where py >nul 2>nul && (set "PYTHON=py -3") || (set "PYTHON=python")
%PYTHON% "%~dp0packaging\bootstrap.py" %*
exit /b %ERRORLEVEL%
